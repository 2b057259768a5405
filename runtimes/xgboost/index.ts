/** `@millrace/xgboost`: serves models of XGBoost. */
export { XgboostModel } from './xgboost-model.ts'
