/** `@millrace/python`: serves models written in Python, in processes of their own. */
export { FuncMainModel } from './func-main-model.ts'
export { PythonModel } from './python-model.ts'
export {
  AlibiDetectModel,
  AlibiExplainModel,
  CatboostModel,
  MlflowModel,
  MllibModel,
  PickledLightgbmModel,
  PickledXgboostModel,
  SklearnModel,
} from './stock-models.ts'
