import { ServingError } from '@millrace/sdk'

export interface ImplementationText {
  /** A path (`./model.ts`) or a package (`@scope/pkg`, `pkg/sub`). */
  readonly module: string
  /** `default` if the text names no export. */
  readonly exportName: string
  /** True for a path, which is taken from the folder of the settings file. */
  readonly isPath: boolean
}

/** Runtimes that a word of their own stands for. */
export const RUNTIME_ALIASES: ReadonlyMap<string, string> = new Map([
  ['onnx', '@millrace/onnx:OnnxModel'],
  ['xgboost', '@millrace/xgboost:XgboostModel'],
  ['lightgbm', '@millrace/lightgbm:LightgbmModel'],
  ['sklearn', '@millrace/python:SklearnModel'],
  ['catboost', '@millrace/python:CatboostModel'],
  ['mlflow', '@millrace/python:MlflowModel'],
  ['func_main', '@millrace/python:FuncMainModel'],
  ['transformers', '@millrace/transformers:TransformersModel'],
  ['exec', '@millrace/exec:ExecModel'],
])

/** Classes of MLServer's own runtimes, which settings for it name, and what serves the same files here. */
const MLSERVER_CLASSES: ReadonlyMap<string, string> = new Map([
  ['mlserver_sklearn.SKLearnModel', '@millrace/python:SklearnModel'],
  ['mlserver_xgboost.XGBoostModel', '@millrace/xgboost:XgboostModel'],
  ['mlserver_lightgbm.LightGBMModel', '@millrace/lightgbm:LightgbmModel'],
  ['mlserver_catboost.CatboostModel', '@millrace/python:CatboostModel'],
  ['mlserver_mlflow.MLflowRuntime', '@millrace/python:MlflowModel'],
  ['mlserver_mllib.MLlibModel', '@millrace/python:MllibModel'],
  // As ModelMesh's adapter spells it, which Python could not import.
  ['mlserver-mllib.MLlibModel', '@millrace/python:MllibModel'],
  ['mlserver_alibi_detect.AlibiDetectRuntime', '@millrace/python:AlibiDetectModel'],
  ['mlserver_alibi_explain.AlibiExplainRuntime', '@millrace/python:AlibiExplainModel'],
  ['mlserver_huggingface.HuggingFaceRuntime', '@millrace/transformers:TransformersModel'],
])

/** What runs every other Python class. */
export const PYTHON_RUNTIME = '@millrace/python:PythonModel'

/** The package and export of a runtime that a text stands for; undefined for any other text. */
export function runtimeOf(text: string): string | undefined {
  // MLServer also takes the class from the module that it is defined in: mlserver_sklearn.sklearn.SKLearnModel.
  const short = text.replace(/^(mlserver_\w+)\.(?:\w+\.)+(\w+)$/, '$1.$2')
  return RUNTIME_ALIASES.get(text) ?? MLSERVER_CLASSES.get(short)
}

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u

/**
 * Reads `implementation`: `./model.ts:Sum`, `pkg:Export`, `@scope/pkg:Export`, each without `:Export`
 * for the default export, the alias of a runtime, or the class of one of MLServer's.
 * @throws ServingError INVALID_ARGUMENT saying what forms there are
 */
export function parseImplementation(text: string): ImplementationText {
  const full = runtimeOf(text) ?? text
  const colon = full.lastIndexOf(':')
  const module = colon === -1 ? full : full.slice(0, colon)
  const exportName = colon === -1 ? 'default' : full.slice(colon + 1)
  if (module === '' || module.includes('\0') || !IDENTIFIER.test(exportName)) {
    const aliases = [...RUNTIME_ALIASES.keys()].join(', ')
    throw new ServingError(
      'INVALID_ARGUMENT',
      `implementation ${JSON.stringify(text)} cannot be read; write a file and its export (./model.ts:Sum), ` +
        `a package and its export (package:Export), or a runtime: ${aliases}`,
    )
  }
  return { module, exportName, isPath: /^(?:\.{0,2}\/)/.test(module) }
}

/** True for text like `sum_model.SumModel`, which is how MLServer names Python classes. */
export function looksLikePythonClass(text: string): boolean {
  return /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$/.test(text)
}
