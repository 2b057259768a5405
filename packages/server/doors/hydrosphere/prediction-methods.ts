import { type InferenceRequest, ServingError } from '@millrace/sdk'
import {
  decodePredictRequest,
  encodePredictResponse,
  encodeStatusResponse,
  HYDROSPHERE_PREDICT_PATHS,
  HYDROSPHERE_STATUS_PATH,
  type HydrosphereGeneration,
} from '@millrace/sdk/protocol'
import { type DataPlane, GrpcCallView } from '../../dataplane/index.ts'
import type { ModelRegistry } from '../../lifecycle/index.ts'
import type { GrpcCall, GrpcMethod, GrpcUnaryMethod } from '../../transport/index.ts'

/** Metadata that names the model where a message cannot, as ModelMesh has it. */
const MODEL_HEADER = 'mm-model-id'

/** The parameter of a request that says which function of the model it means; clients of TensorFlow Serving send it. */
const SIGNATURE_PARAMETER = 'signature_name'

export interface HydrosphereOptions {
  /**
   * The server has one model and answers for it whatever name a request says: in a container it is the application's or
   * the servable's, which the runtime has never heard of. Default false.
   */
  readonly answersEveryName?: boolean | undefined
  /** The data plane reads the names in metadata, and knows what a request without one means. Default false. */
  readonly isNamedByMetadata?: boolean | undefined
}

/** The model that a request means, by what its message and its metadata say. */
type Naming = (asked: string, headers: GrpcCall['headers']) => string

/** Where models and their readiness are known. */
type Models = Pick<ModelRegistry, 'loaded'>

/**
 * `PredictionService` of Hydrosphere's three generations, by full path. The first two share theirs. The model is named by
 * `model_spec.name`, or by the metadata `mm-model-id`, because requests of the third generation name none; a server of
 * one model needs no name.
 */
export function hydrosphereMethods(
  dataPlane: DataPlane,
  models: Models,
  { answersEveryName = false, isNamedByMetadata = false }: HydrosphereOptions = {},
): ReadonlyMap<string, GrpcMethod> {
  const nameOf = answersEveryName ? nameOfOnly : nameAsked
  const named: Naming = isNamedByMetadata
    ? asked => asked
    : (asked, headers) => nameOf(asked || headers[MODEL_HEADER] || '', models)
  return new Map<string, GrpcMethod>([
    // The second generation's codec reads the first one's messages: only their contracts differ.
    [HYDROSPHERE_PREDICT_PATHS.G2, predictMethod(dataPlane, named, 'G2')],
    [HYDROSPHERE_STATUS_PATH, statusMethod(dataPlane, models)],
    [HYDROSPHERE_PREDICT_PATHS.G3, predictMethod(dataPlane, named, 'G3')],
  ])
}

function predictMethod(
  dataPlane: DataPlane,
  named: Naming,
  generation: HydrosphereGeneration,
): GrpcUnaryMethod {
  return {
    kind: 'unary',
    // Models copy what must outlive the request (see `Tensor`), and the response cache does.
    isRequestDone: true,
    async handle(message, grpc) {
      const { request, signatureName } = decodePredictRequest(message, generation)
      const modelName = named(request.modelName, grpc.headers)
      const asked: InferenceRequest = {
        ...request,
        modelName,
        // The protocol's versions are told and not asked for: nobody who reads them chooses by them.
        modelVersion: undefined,
        ...(signatureName === '' ? {} : { parameters: { [SIGNATURE_PARAMETER]: signatureName } }),
      }
      const { outputs } = await dataPlane.infer(asked, new GrpcCallView(grpc))
      return encodePredictResponse(outputs, generation)
    },
  }
}

/** @throws ServingError INVALID_ARGUMENT for a request that names no model where there are several */
function nameAsked(asked: string, models: Models): string {
  if (asked !== '') return asked
  const names = new Set(models.loaded(undefined, undefined).map(({ name }) => name))
  if (names.size <= 1) return nameOfOnly(asked, models)
  throw new ServingError(
    'INVALID_ARGUMENT',
    `the request names no model, and the server has ${names.size}; name one in model_spec.name or in the metadata ${MODEL_HEADER}`,
  )
}

function nameOfOnly(asked: string, models: Models): string {
  const [first] = models.loaded(undefined, undefined)
  return first?.name ?? asked
}

/** `Status` of the second generation: by it a manager learns when a runtime serves. */
function statusMethod(dataPlane: DataPlane, models: Models): GrpcUnaryMethod {
  return {
    kind: 'unary',
    isExemptFromLimits: true,
    handle() {
      const isServing = dataPlane.isReady()
      const entries = models.loaded(undefined, undefined)
      // Before the first load begins there is none, and after the last one start-up ends a moment later.
      const isLoading =
        entries.some(({ isLoading }) => isLoading) || entries.every(({ instance }) => instance !== null)
      const status = isServing ? 'SERVING' : isLoading ? 'UNKNOWN' : 'NOT_SERVING'
      const message = isServing ? '' : isLoading ? 'the model is loading' : 'the model is not ready'
      return encodeStatusResponse({ status, message })
    },
  }
}
