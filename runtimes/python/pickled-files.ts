import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type ModelSettings, modelFile, ServingError } from '@millrace/sdk'

/** MLServer's names for the file of an estimator; XGBoost and LightGBM objects that were pickled are named alike. */
const ESTIMATOR_FILES: readonly string[] = ['model.joblib', 'model.pickle', 'model.pkl']

/** Endings of files that are pickles, or that hold some. */
const PICKLE = /\.(?:pkl|pickle|joblib|dill|cloudpickle|pt|pth)$/i

/** A folder with more entries counts as one that may hold pickles: nothing looks through it to the end. */
const MAX_ENTRIES = 10_000

/** How much of `MLmodel` is read; none that MLflow writes is as long. */
const MAX_DESCRIPTION_BYTES = 1_000_000

/** Parts of MLflow that open a model without running what its folder holds. */
const SAFE_LOADERS: ReadonlySet<string> = new Set(['mlflow.onnx', 'mlflow.catboost'])

/**
 * What makes a model one that only runs with permission: the path of a pickle, or of the file that says to open one.
 * Undefined for a model without any. The Python side looks once more, before it opens anything.
 */
export type FindPickle = (settings: ModelSettings) => Promise<string | undefined>

/**
 * The one file of an estimator, which is a pickle whatever it is called.
 * @throws ServingError FAILED_PRECONDITION for a folder without any
 */
export const estimatorPickle: FindPickle = async settings => {
  const path = await modelFile(settings, ESTIMATOR_FILES)
  const found = await stat(path).catch(() => undefined)
  if (found?.isDirectory() !== true) return path
  throw new ServingError(
    'FAILED_PRECONDITION',
    `folder '${path}' has no ${ESTIMATOR_FILES.join(', ')}; name the model's file in parameters.uri`,
  )
}

/** Any pickle in the model's folder, or the model's file if it is one. */
export const folderPickle: FindPickle = async settings => pickleIn(await modelFile(settings, []))

/** A detector's `config.toml` may name pickles, and folders with models, wherever they are. */
export const detectorPickle: FindPickle = async settings => {
  const folder = await modelFile(settings, [])
  const found = await pickleIn(folder)
  if (found !== undefined) return found
  const description = join(folder, 'config.toml')
  const text = await beginningOf(description)
  return text === undefined || !DETECTOR_NAMES_MORE.test(text) ? undefined : description
}

/** Files of code, whatever else is opened from elsewhere, and escapes that could spell such a name differently. */
const DETECTOR_NAMES_MORE = /dill|pickle|pkl|joblib|flavour|src|\.pth?\b|\\/i

/**
 * An MLflow folder's `MLmodel` names the Python module that opens it, and may bring code along. So a folder without
 * pickles counts as one with them unless a module that is known to be harmless is all that it names.
 */
export const mlflowPickle: FindPickle = async settings => {
  const folder = await modelFile(settings, [])
  const found = await pickleIn(folder)
  if (found !== undefined) return found
  const description = join(folder, 'MLmodel')
  const text = await beginningOf(description)
  return text === undefined || namesHarmlessLoader(text) ? undefined : description
}

/** Explainers of trees open the model that they explain; others open what was saved of themselves. */
export const explainerPickle: FindPickle = async settings => {
  const { explainer_type: type, infer_uri: explained, init_parameters: parameters } = settings.extra
  if (typeof type === 'string' && type.startsWith('tree_')) {
    return typeof explained === 'string' ? explained : settings.uri
  }
  return parameters === undefined || parameters === null ? folderPickle(settings) : undefined
}

/**
 * Strict, since this is no reader of YAML: a single mention of a loader, in the form that MLflow writes it; no code but
 * `null`; and none of what could spell a name differently: escapes, merged maps, aliases and `?` for names.
 */
function namesHarmlessLoader(text: string): boolean {
  const mentions = text.match(/loader_module/g) ?? []
  const [, loader = ''] = /^ +loader_module: ([\w.]+)$/m.exec(text) ?? []
  const withoutNull = text.replaceAll(/^ *code: null$/gm, '')
  const mayHide = /\\|\bcode\b["']?\s*:|(?:^|[{,])\s*(?:\?|\*|<<)/m.test(withoutNull)
  return mentions.length === 1 && SAFE_LOADERS.has(loader) && !mayHide
}

/** The path itself for a URI of elsewhere, which a library would fetch: nobody has seen what lies there. */
async function pickleIn(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) return path
  if (!found.isDirectory()) return PICKLE.test(path) ? path : undefined
  const folders = [path]
  let seen = 0
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const entries = await readdir(folder, { withFileTypes: true })
    for (const entry of entries) {
      const file = join(folder, entry.name)
      seen += 1
      if (seen > MAX_ENTRIES || (!entry.isDirectory() && PICKLE.test(entry.name))) return file
      if (entry.isDirectory()) folders.push(file)
    }
  }
  return undefined
}

async function beginningOf(path: string): Promise<string | undefined> {
  const file = await open(path).catch(() => undefined)
  if (file === undefined) return undefined
  try {
    const { size } = await file.stat()
    const buffer = Buffer.alloc(Math.min(size, MAX_DESCRIPTION_BYTES))
    const { bytesRead } = await file.read({ buffer, position: 0 })
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}
