import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { ServingError } from '@millrace/sdk'
import {
  type JsonObject,
  readDotenv,
  readJsonObject,
  type Variables,
  type VariablesSource,
} from '../base/index.ts'
import { isWithin } from './bare-models.ts'
import { RUNTIME_ALIASES } from './implementation-text.ts'
import { type MeshModelInfo, type MeshModelKey, readMeshModelKey } from './mesh-model-key.ts'
import { findStorage, namesStorage, type StorageOptions } from './mesh-storage.ts'
import { modelVariables, readModelSettingsObject } from './model-settings-file.ts'
import type { ModelVersionSettings } from './model-version-settings.ts'
import { recogniseModel } from './recognise-model.ts'
import type { ModelStager, StageContext } from './sources/model-stager.ts'
import { remoteScheme, shownUri } from './sources/remote-uri.ts'

export interface MeshModelOptions {
  /** Variables count for what a model leaves out (`MLSERVER_MODEL_IMPLEMENTATION`), as with settings files. */
  readonly environment: Variables
  /** Absolute folders that local paths must lie in; relative ones begin in the first that has them. */
  readonly roots: readonly string[]
  readonly storage: StorageOptions
  readonly stager: ModelStager
}

/** The classes that the adapter of ModelMesh names by the format of a model. */
const CLASS_OF_FORMAT: ReadonlyMap<string, string> = new Map([
  ['lightgbm', 'mlserver_lightgbm.LightGBMModel'],
  ['mllib', 'mlserver_mllib.MLlibModel'],
  ['sklearn', 'mlserver_sklearn.SKLearnModel'],
  ['xgboost', 'mlserver_xgboost.XGBoostModel'],
])

const SETTINGS_FILE = 'model-settings.json'

/**
 * The settings of a mesh's model, brought onto this machine; nothing is written beside it. A folder with
 * `model-settings.json` keeps what stands there under the model's id; of anything else the format names the class.
 * @throws ServingError INVALID_ARGUMENT and FAILED_PRECONDITION naming the model and what is wrong with its path or key
 */
export async function readMeshModel(
  id: string,
  info: MeshModelInfo,
  options: MeshModelOptions,
  context: StageContext,
): Promise<ModelVersionSettings> {
  const key = readMeshModelKey(id, info)
  const subject = `model ${id}`
  // Read meanwhile: somebody may wait for the model.
  const dotenv = readDotenv(process.cwd())
  dotenv.catch(() => {})
  const find = await finderOf(key, options, subject)
  const bring = async (path: string, field: string): Promise<Found> => {
    const { uri, access } = await find(path, `${subject}: ${field}`)
    const staged = await options.stager.stage(uri, {
      ...context,
      ...(access === undefined ? {} : { access }),
    })
    return {
      path: staged,
      status: await statOf(staged, `${subject}: ${field} ${JSON.stringify(shownUri(path))}`),
    }
  }
  const { path, status } = await bring(info.path, 'modelPath')
  const tensors =
    key.schemaPath === undefined ? {} : await readSchema((await bring(key.schemaPath, 'schema_path')).path)
  const variables = [environmentOf(options.environment), modelVariables(await dotenv, '.env')]
  const native = status.isDirectory() ? await readJsonObject(join(path, SETTINGS_FILE)) : undefined
  if (native !== undefined) {
    const file = join(path, SETTINGS_FILE)
    const values = { ...native, ...parametersBelow(native, path, file), name: id, ...tensors }
    const settings = await readModelSettingsObject(values, file, { path, isOwn: true }, variables)
    return { ...settings, settingsFile: file }
  }
  const byVariable = variables.some(({ values }) => 'implementation' in values)
  const implementation = await implementationOf(key.format, path, byVariable, subject)
  const values = { name: id, parameters: { uri: path }, ...implementation, ...tensors }
  const folder = { path: status.isDirectory() ? path : dirname(path), isOwn: true }
  return readModelSettingsObject(values, subject, folder, variables)
}

/** Looked through once: a server has one environment, and thousands of models. */
const ENVIRONMENTS = new WeakMap<Variables, VariablesSource>()

function environmentOf(variables: Variables): VariablesSource {
  const source = ENVIRONMENTS.get(variables) ?? modelVariables(variables, 'environment')
  ENVIRONMENTS.set(variables, source)
  return source
}

interface Found {
  readonly path: string
  readonly status: Stats
}

type Finder = (
  path: string,
  subject: string,
) => Promise<{
  readonly uri: string
  readonly access?: StageContext['access']
}>

/** Where paths of a model lead: into the storage of its key, or else on this machine. */
async function finderOf(key: MeshModelKey, options: MeshModelOptions, subject: string): Promise<Finder> {
  const inStorage = async (): Promise<Finder | undefined> => {
    const storage = await findStorage(key, options.storage, `${subject}: modelKey`)
    if (storage === undefined) return undefined
    return async (path, subject) => ({ uri: storage.locate(path, subject), access: storage.access })
  }
  if (namesStorage(key)) {
    const find = await inStorage()
    if (find !== undefined) return find
  }
  return async (path, subject) => {
    if (remoteScheme(path) !== undefined) return { uri: path }
    const local = await findLocal(path, options.roots, subject)
    if (local !== undefined) return { uri: local }
    const find = await inStorage()
    if (find !== undefined) return find(path, subject)
    throw new ServingError(
      'FAILED_PRECONDITION',
      `${subject} is ${JSON.stringify(path)}, which is not there; paths begin in ${options.roots.join(' or ')}. Predictor Storage field missing`,
    )
  }
}

/** Undefined for a relative path that is in none of the roots. */
async function findLocal(
  path: string,
  roots: readonly string[],
  subject: string,
): Promise<string | undefined> {
  if (path === '') throw new ServingError('INVALID_ARGUMENT', `${subject} is empty`)
  const candidates = isAbsolute(path) ? [resolve(path)] : roots.map(root => resolve(root, path))
  const allowed = candidates.filter(candidate => roots.some(root => isBelow(candidate, root)))
  if (allowed.length === 0) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `${subject} is ${JSON.stringify(path)}; allowed are paths below ${roots.join(' and ')}`,
    )
  }
  for (const candidate of allowed) if (await isThere(candidate)) return candidate
  return isAbsolute(path) ? allowed[0] : undefined
}

function isBelow(path: string, root: string): boolean {
  return root === '/' || isWithin(path, root)
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

async function statOf(path: string, subject: string): Promise<Stats> {
  try {
    return await stat(path)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    throw new ServingError('FAILED_PRECONDITION', `${subject} cannot be read: ${code}`, { cause })
  }
}

/** `parameters` with a URI that lies below the folder, whether it was written as an absolute path or not. */
function parametersBelow(values: JsonObject, folder: string, file: string): JsonObject {
  const { parameters } = values
  if (typeof parameters !== 'object' || parameters === null || !('uri' in parameters)) return {}
  const { uri } = parameters
  if (typeof uri !== 'string' || uri === '' || remoteScheme(uri) !== undefined) return {}
  const path = uri.replace(/^file:(?:\/\/(?:localhost)?(?=\/))?/i, '')
  const absolute = resolve(path)
  // MLServer's own folders may name themselves in full.
  const isBelowAlready = isAbsolute(path) && isWithin(absolute, folder)
  const joined = isBelowAlready ? absolute : resolve(join(folder, path))
  if (!isWithin(joined, folder)) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `${file}: parameters.uri is ${JSON.stringify(uri)}; it must lie in the model's folder`,
    )
  }
  return { parameters: { ...parameters, uri: joined } }
}

/** What serves a model without settings; nothing where variables or files say it. */
async function implementationOf(
  format: string | undefined,
  path: string,
  byVariable: boolean,
  subject: string,
): Promise<{ readonly implementation?: string }> {
  const known = format === undefined ? undefined : CLASS_OF_FORMAT.get(format)
  if (known !== undefined) return { implementation: known }
  if (byVariable) return {}
  const alias = format === undefined ? undefined : RUNTIME_ALIASES.get(format)
  if (alias !== undefined) return { implementation: alias }
  // Files tell when nobody else does.
  if ((await recogniseModel(path)) !== undefined) return {}
  const formats = [...new Set([...CLASS_OF_FORMAT.keys(), ...RUNTIME_ALIASES.keys()])].sort()
  const problem =
    format === undefined ? 'modelKey names no model_type' : `model_type is ${JSON.stringify(format)}`
  throw new ServingError(
    'INVALID_ARGUMENT',
    `${subject}: ${problem}, and its files do not show what serves it; allowed is one of ${formats.join(', ')}, ` +
      'a model-settings.json beside the files, or a class for all others in MLSERVER_MODEL_IMPLEMENTATION',
  )
}

/** Inputs and outputs of a schema file; those that it leaves out stay as they are. */
async function readSchema(path: string): Promise<JsonObject> {
  const schema = await readJsonObject(path)
  if (schema === undefined) {
    throw new ServingError('FAILED_PRECONDITION', `schema_path ${path} is no file`)
  }
  const tensors = (name: 'inputs' | 'outputs') =>
    schema[name] === undefined ? {} : { [name]: withBytes(schema[name]) }
  return { ...tensors('inputs'), ...tensors('outputs') }
}

/** Schemas also call them STRING, as Triton does. */
function withBytes(tensors: unknown): unknown {
  if (!Array.isArray(tensors)) return tensors
  return tensors.map((tensor: unknown) => {
    const isText =
      typeof tensor === 'object' && tensor !== null && 'datatype' in tensor && tensor.datatype === 'STRING'
    return isText ? { ...tensor, datatype: 'BYTES' } : tensor
  })
}
