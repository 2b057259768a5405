/** `@millrace/transformers`: serves transformers models from their ONNX files. */
export { TransformersModel } from './transformers-model.ts'
