import { basename, dirname, resolve } from 'node:path'
import { type Parameters, ServingError, type TensorSpec } from '@millrace/sdk'
import {
  fileSource,
  type JsonObject,
  originOf,
  readJsonObject,
  settingsChecker,
  type Variables,
  type VariablesSource,
  variablesSource,
} from '../base/index.ts'
import { resolveArtefactUri } from './artefact-uri.ts'
import { checkModelName } from './model-name.ts'
import { type ModelSettingsFields, modelSettingsSchema, type TensorFields } from './model-settings-schema.ts'
import { warnAboutModelSettingsWithoutEffect } from './model-settings-without-effect.ts'
import type { ModelVersionSettings } from './model-version-settings.ts'
import { type Recognition, recogniseModel } from './recognise-model.ts'

const check = settingsChecker(modelSettingsSchema)

/** Settings of models that stand in variables: `MLSERVER_MODEL_MAX_BATCH_SIZE`, or with our own prefix. */
export function modelVariables(variables: Variables, holder: string): VariablesSource {
  return variablesSource(modelSettingsSchema, variables, {
    prefixes: ['MILLRACE_MODEL_', 'MLSERVER_MODEL_'],
    holder,
  })
}

/**
 * The model version that a settings file describes. Variables count for what the file leaves out, the
 * strongest source first. Undefined if there is no such file.
 * @throws ServingError INVALID_ARGUMENT naming the file, the field, the value and what is allowed
 */
export async function readModelSettings(
  path: string,
  variables: readonly VariablesSource[],
): Promise<ModelVersionSettings | undefined> {
  const values = await readJsonObject(path)
  if (values === undefined) return undefined
  const place = { location: path, settingsFile: path, folder: dirname(path), isOwnFolder: true }
  const files = [fileSource(values, path, path)]
  const checked = check([...files, ...variables])
  return toModelSettings(checked, variables, place, await recogniseUnlessSet(checked.values, dirname(path)))
}

/** The model of a folder without settings file, which its files have shown to be one. */
export function readBareModelSettings(
  folder: string,
  {
    name,
    version,
    recognition,
  }: {
    readonly name: string
    readonly version: string | undefined
    readonly recognition: Recognition
  },
  variables: readonly VariablesSource[],
): ModelVersionSettings {
  const values = { name, ...(version === undefined ? {} : { parameters: { version } }) }
  const place = { location: folder, settingsFile: undefined, folder, isOwnFolder: true }
  const checked = check([fileSource(values, folder, folder), ...variables])
  return toModelSettings(checked, variables, place, recognition)
}

/** What a model's files show it to be, unless a file or a variable says it. */
async function recogniseUnlessSet(
  { implementation, parameters }: ModelSettingsFields,
  folder: string,
): Promise<Recognition | undefined> {
  if (implementation) return undefined
  const uri = resolveArtefactUri(parameters?.uri || folder, folder)
  try {
    return await recogniseModel(uri)
  } catch (error) {
    if (!ServingError.is(error)) throw error
    throw new ServingError(error.code, `${folder}: implementation is missing, and ${error.message}`)
  }
}

/**
 * The model version that an object shaped like a settings file describes.
 * @param location how errors name the object
 * @param folder where its paths begin; its own folder also gives name and URI where the object gives none
 */
export async function readModelSettingsObject(
  values: JsonObject,
  location: string,
  folder: { readonly path: string; readonly isOwn: boolean },
  variables: readonly VariablesSource[],
): Promise<ModelVersionSettings> {
  const place = { location, settingsFile: undefined, folder: folder.path, isOwnFolder: folder.isOwn }
  const files = [fileSource(values, location, location)]
  const checked = check([...files, ...variables])
  return toModelSettings(checked, variables, place, await recogniseUnlessSet(checked.values, folder.path))
}

/**
 * The model that variables alone describe. Relative paths are taken from `workingDirectory`; without
 * a URI the model has none (`uri` is empty), because no folder is its own.
 */
export function readModelSettingsFromVariables(
  variables: readonly VariablesSource[],
  workingDirectory: string,
): ModelVersionSettings {
  const location = 'environment'
  return toModelSettings(check([...variables]), variables, {
    location,
    settingsFile: undefined,
    folder: workingDirectory,
    isOwnFolder: false,
  })
}

interface Place {
  /** How errors name what describes the model as a whole. */
  readonly location: string
  readonly settingsFile: string | undefined
  readonly folder: string
  /** True if the folder is the model's: name and URI follow from it. */
  readonly isOwnFolder: boolean
}

function toModelSettings(
  checked: ReturnType<typeof check>,
  variables: readonly VariablesSource[],
  { location, settingsFile, folder, isOwnFolder }: Place,
  recognition?: Recognition,
): ModelVersionSettings {
  const fields: ModelSettingsFields = checked.values
  const implementation = fields.implementation || recognition?.implementation
  if (implementation === undefined) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `${location}: implementation is missing, and no file shows what the model is; name the class in the file, as in "./model.ts:Sum", or in MLSERVER_MODEL_IMPLEMENTATION`,
    )
  }
  // An empty name stands for the folder's, as in MLServer.
  const name = fields.name || (isOwnFolder ? basename(folder) : undefined)
  if (name === undefined) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `${location}: name is missing; a model without settings file is named by MLSERVER_MODEL_NAME`,
    )
  }
  const nameOrigin = fields.name ? originOf(['name'], checked).location : location
  checkModelName(name, `${nameOrigin}: name`)
  const parameters = fields.parameters ?? {}
  const version = parameters.version || undefined
  if (version !== undefined) {
    checkModelName(version, `${originOf(['parameters', 'version'], checked).location}: parameters.version`)
  }
  const uri = recognition?.uri ?? (parameters.uri || (isOwnFolder ? folder : ''))

  return {
    name,
    version,
    implementation,
    folder,
    uri: uri === '' ? '' : resolveArtefactUri(uri, folder),
    platform: fields.platform ?? '',
    versionNotes: fields.versions ?? [],
    inputs: toTensorSpecs(fields.inputs ?? [], `${originOf(['inputs'], checked).location}: inputs`),
    outputs: toTensorSpecs(fields.outputs ?? [], `${originOf(['outputs'], checked).location}: outputs`),
    enforceContract: fields.enforce_contract ?? true,
    contentType: parameters.content_type ?? undefined,
    extra: parameters.extra ?? {},
    parameters,
    settingsFile,
    implementationOrigin:
      recognition === undefined ? originOf(['implementation'], checked).location : location,
    recognisedBy: recognition?.reason,
    maxBatchSize: fields.max_batch_size ?? 0,
    maxQueueDelayMs: (fields.max_batch_time ?? 0) * 1000,
    isCacheEnabled: fields.cache_enabled ?? false,
    allowsWorkers: (fields.parallel_workers ?? 1) > 0,
    maxConcurrentRequests: fields.max_concurrent_requests ?? undefined,
    placement: fields.placement ?? 'auto',
    isPinned: fields.memory_pinned ?? false,
    memoryPriority: fields.memory_priority ?? 0,
    memoryIdleMs: typeof fields.memory_idle === 'number' ? fields.memory_idle * 1000 : undefined,
    loadTimeoutMs: typeof fields.load_timeout === 'number' ? fields.load_timeout * 1000 : undefined,
    warmUpFiles: (fields.warm_up ?? []).map(file => resolve(folder, file)),
    warnings: [
      ...checked.warnings,
      ...variables.flatMap(source => source.warnings),
      ...warnAboutModelSettingsWithoutEffect(fields).map(warning => `${location}: ${warning}`),
    ],
  }
}

function toTensorSpecs(tensors: readonly TensorFields[], subject: string): TensorSpec[] {
  const names = new Set<string>()
  return tensors.map(({ name, datatype, shape, parameters, profile, optional }, index) => {
    if (names.has(name)) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        `${subject}[${index}].name is ${JSON.stringify(name)}, which an earlier tensor has; names must differ`,
      )
    }
    names.add(name)
    return {
      name,
      datatype,
      shape,
      contentType: parameters?.content_type ?? undefined,
      profile,
      isOptional: optional,
      // What came out of JSON is made of parameter values alone.
      parameters: (parameters ?? undefined) as Parameters | undefined,
    }
  })
}
