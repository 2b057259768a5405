import { createHash } from 'node:crypto'
import type { InferenceService, InferenceServiceModel, ModelStorage, Predictor } from './inference-service.ts'
import { readStorageUri } from './model-location.ts'

/** What ModelMesh's controller registers for a model's resource; a request of `mmesh.ModelMesh/setVModel`. */
export interface MeshRegistration {
  /** The name that clients use. */
  readonly vModelId: string
  /** Another for every change of the resource. */
  readonly targetModelId: string
  readonly owner: 'isvc' | 'ksp'
  readonly autoDeleteTargetModel: true
  readonly modelInfo: { readonly type: string; readonly path: string; readonly key: string }
}

/** What an `InferenceService` that passed its check becomes in a mesh; `undefined` for one in a form that is older than `model`. */
export function registrationOfInferenceService({
  metadata,
  spec,
}: InferenceService): MeshRegistration | undefined {
  const { model } = spec.predictor
  if (model === undefined) return undefined
  const storage = storageOf(model)
  return register(metadata.name, 'isvc', spec, {
    format: model.modelFormat,
    runtime: model.runtime,
    protocol: model.protocolVersion,
    storage,
  })
}

/** The same for a `Predictor`. */
export function registrationOfPredictor({ metadata, spec }: Predictor): MeshRegistration {
  const { s3, key, parameters = {}, path, schemaPath } = spec.storage ?? {}
  return register(metadata.name, 'ksp', spec, {
    format: spec.modelType,
    runtime: spec.runtime?.name,
    protocol: spec.protocolVersion,
    storage: {
      path: spec.path ?? path ?? '',
      schemaPath: spec.schemaPath ?? schemaPath,
      key: s3?.secretKey ?? key,
      parameters: s3?.bucket === undefined ? parameters : { ...parameters, type: 's3', bucket: s3.bucket },
    },
  })
}

interface Described {
  readonly format: { readonly name: string; readonly version?: string }
  readonly runtime: string | undefined
  readonly protocol: string | undefined
  readonly storage: Located
}

interface Located {
  readonly path: string
  readonly schemaPath: string | undefined
  readonly key: string | undefined
  readonly parameters: Readonly<Record<string, string>>
}

function register(name: string, owner: 'isvc' | 'ksp', spec: object, described: Described): MeshRegistration {
  const { format, runtime, protocol, storage } = described
  const hash = createHash('sha1').update(sortedJson(spec)).digest('hex').slice(0, 10)
  const version = format.version === undefined ? '' : `:${format.version}`
  const key = {
    ...(storage.key === undefined ? {} : { storage_key: storage.key }),
    storage_params: storage.parameters,
    model_type: format,
    ...(storage.schemaPath === undefined ? {} : { schema_path: storage.schemaPath }),
  }
  return {
    vModelId: name,
    targetModelId: `${name}__${owner}-${hash}`,
    owner,
    autoDeleteTargetModel: true,
    modelInfo: {
      type:
        runtime === undefined
          ? `mt:${format.name}${version}${protocol === undefined ? '' : `|pv:${protocol}`}`
          : `rt:${runtime}`,
      path: storage.path,
      key: JSON.stringify(key),
    },
  }
}

function storageOf({ storage, storageUri }: InferenceServiceModel): Located {
  const { key, schemaPath, parameters = {}, path }: ModelStorage = storage ?? {}
  const located = storageUri === undefined ? undefined : readStorageUri(storageUri)
  return {
    key,
    schemaPath,
    path: located?.path ?? path ?? '',
    parameters: { ...parameters, ...located?.parameters },
  }
}

/** JSON that is the same in whatever order the fields were written. */
function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, field: unknown) =>
    typeof field === 'object' && field !== null && !Array.isArray(field)
      ? Object.fromEntries(Object.entries(field).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : field,
  )
}
