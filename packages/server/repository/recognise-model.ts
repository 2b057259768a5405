import type { Dirent } from 'node:fs'
import { open, readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { ServingError } from '@millrace/sdk'

/** What a model without `implementation` is, as its files show. */
export interface Recognition {
  readonly implementation: string
  /** The file or folder that the model is read from. */
  readonly uri: string
  /** What shows it, for the log. */
  readonly reason: string
}

const ONNX = '@millrace/onnx:OnnxModel'
const XGBOOST = '@millrace/xgboost:XgboostModel'
const LIGHTGBM = '@millrace/lightgbm:LightgbmModel'
const SKLEARN = '@millrace/python:SklearnModel'

/** How much of a file is looked at. */
const SNIFFED_BYTES = 4096
/** A larger `config.json` is none of a model's. */
const MAX_CONFIG_BYTES = 1024 * 1024

const FUNCTION_MODULES = ['src/', ''].flatMap(folder =>
  ['ts', 'mts', 'js', 'mjs'].map(extension => `${folder}func_main.${extension}`),
)

interface FileKind {
  readonly pattern: RegExp
  /** What a file of the name is by its beginning; undefined for none of ours. */
  recognise(beginning: Buffer): { readonly implementation: string; readonly sign: string } | undefined
}

const always = (implementation: string, sign: string) => () => ({ implementation, sign })

/** What boosted trees are saved as, whichever library saved them: MLServer's name for both is model.bst. */
function boostedTrees(beginning: Buffer): ReturnType<FileKind['recognise']> {
  if (/^tree\r?\n/.test(beginning.toString('latin1', 0, 6)))
    return { implementation: LIGHTGBM, sign: "begins with the line 'tree', as LightGBM's text" }
  // The first object in it, as the library writes it: any other JSON may have a member of that name.
  if (/^\{[^{]*learner(?:"\s*:\s*)?\{/.test(beginning.toString('latin1')))
    return { implementation: XGBOOST, sign: "holds a 'learner', as XGBoost's JSON and UBJ" }
  // Where the runtime says how such a file becomes one of today's.
  if (beginning.subarray(0, 4).toString('latin1') === 'binf')
    return { implementation: XGBOOST, sign: "begins with 'binf', as XGBoost's old binary format" }
  return undefined
}

const FILE_KINDS: readonly FileKind[] = [
  { pattern: /\.onnx$/, recognise: always(ONNX, 'ends in .onnx') },
  { pattern: /\.(?:bst|json|ubj|txt)$/, recognise: boostedTrees },
  { pattern: /\.cbm$/, recognise: always('@millrace/python:CatboostModel', 'ends in .cbm') },
  {
    pattern: /\.(?:joblib|pickle|pkl)$/,
    recognise: always(SKLEARN, 'is a pickle, which scikit-learn models are saved as'),
  },
]

/**
 * Says what serves the model at a path: a file, by its name and beginning; or a folder, by what lies in it, where of
 * several model files one must be called `model`. Undefined for what nothing here opens.
 * @throws ServingError INVALID_ARGUMENT for a folder whose files fit several runtimes
 */
export async function recogniseModel(path: string): Promise<Recognition | undefined> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile() === true) return recogniseFile(path)
  if (found?.isDirectory() !== true) return undefined
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  return recogniseFolder(path, entries)
}

/** {@link recogniseModel} for a folder whose entries are known. */
export async function recogniseFolder(
  folder: string,
  entries: readonly Dirent[],
): Promise<Recognition | undefined> {
  const names = new Set(entries.map(({ name }) => name))
  const whole = await recogniseWhole(folder, names)
  if (whole !== undefined) return { ...whole, uri: folder }

  const files = entries.filter(entry => !entry.isDirectory() && kindOf(entry.name) !== undefined)
  const wellKnown = files.filter(({ name }) => name.startsWith('model.'))
  const candidates = wellKnown.length > 0 ? wellKnown : files
  if (candidates.length > MAX_CANDIDATES) return undefined
  const recognised = await Promise.all(candidates.map(({ name }) => recogniseFile(join(folder, name))))
  const models = recognised.filter(model => model !== undefined)
  const [model] = models
  if (models.length < 2 || model === undefined) return model
  throw new ServingError(
    'INVALID_ARGUMENT',
    `${folder} holds several models: ${models.map(({ uri }) => basename(uri)).join(', ')}; name one of them in a model-settings.json as parameters.uri, or give each a folder`,
  )
}

/** Folders with more files that may be models are no model's. */
const MAX_CANDIDATES = 64

/** A folder that is one model as a whole. */
async function recogniseWhole(
  folder: string,
  names: ReadonlySet<string>,
): Promise<Omit<Recognition, 'uri'> | undefined> {
  if (names.has('MLmodel')) {
    return {
      implementation: '@millrace/python:MlflowModel',
      reason: 'it holds MLmodel, as models of MLflow do',
    }
  }
  for (const file of ['files/src/func_main.py', 'src/func_main.py', 'func_main.py']) {
    const [first = ''] = file.split('/')
    if (names.has(first) && (await isFile(join(folder, file))))
      return { implementation: '@millrace/python:FuncMainModel', reason: `it holds ${file}` }
  }
  for (const file of FUNCTION_MODULES) {
    const [first = ''] = file.split('/')
    if (names.has(first) && (await isFile(join(folder, file))))
      return { implementation: '@millrace/sdk:NamedFunctionModel', reason: `it holds ${file}` }
  }
  if (names.has('config.json') && (names.has('onnx') || [...names].some(name => name.endsWith('.onnx')))) {
    const config = await readConfig(join(folder, 'config.json'))
    if (config !== undefined && typeof config['model_type'] === 'string') {
      const reason = `its config.json has the model_type '${config['model_type']}', as models of transformers do`
      return { implementation: '@millrace/transformers:TransformersModel', reason }
    }
  }
  return undefined
}

async function recogniseFile(path: string): Promise<Recognition | undefined> {
  const kind = kindOf(basename(path))
  if (kind === undefined || !(await isFile(path))) return undefined
  const recognised = kind.recognise(await readBeginning(path))
  if (recognised === undefined) return undefined
  const { implementation, sign } = recognised
  return { implementation, uri: path, reason: `${basename(path)} ${sign}` }
}

function kindOf(name: string): FileKind | undefined {
  return FILE_KINDS.find(({ pattern }) => pattern.test(name))
}

async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() === true
}

/** Empty for a file that cannot be read: whoever opens it says why. */
async function readBeginning(path: string): Promise<Buffer> {
  const file = await open(path).catch(() => undefined)
  if (file === undefined) return Buffer.alloc(0)
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(SNIFFED_BYTES), position: 0 })
    return buffer.subarray(0, bytesRead)
  } catch {
    return Buffer.alloc(0)
  } finally {
    await file.close()
  }
}

async function readConfig(path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    if ((await stat(path)).size > MAX_CONFIG_BYTES) return undefined
    const value: unknown = JSON.parse(await readFile(path, 'utf8'))
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
