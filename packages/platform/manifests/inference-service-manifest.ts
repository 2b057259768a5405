import { DEPLOYMENT_MODE, type InferenceService, type ModelStorage } from './inference-service.ts'

export interface InferenceServiceOptions {
  readonly name: string
  readonly namespace?: string | undefined
  readonly format: { readonly name: string; readonly version?: string }
  readonly runtime?: string | undefined
  readonly protocol?: string | undefined
  readonly location: { readonly storageUri: string } | { readonly storage: ModelStorage }
  /** Left to ModelMesh. Otherwise KServe gives the model a pod of its own. */
  readonly isForMesh: boolean
}

export function inferenceServiceManifest(options: InferenceServiceOptions): InferenceService {
  const { name, namespace, format, runtime, protocol, location, isForMesh } = options
  return {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(isForMesh ? { annotations: { [DEPLOYMENT_MODE]: 'ModelMesh' } } : {}),
    },
    spec: {
      predictor: {
        model: {
          modelFormat: format,
          ...(runtime === undefined ? {} : { runtime }),
          ...(protocol === undefined ? {} : { protocolVersion: protocol }),
          ...location,
        },
      },
    },
  }
}
