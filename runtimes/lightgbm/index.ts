/** `@millrace/lightgbm`: serves LightGBM models without native code. */
export { LightgbmModel } from './lightgbm-model.ts'
