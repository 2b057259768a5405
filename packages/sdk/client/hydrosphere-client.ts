import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { ServingError } from '../errors/index.ts'
import type { InferenceRequest, InferenceResponse } from '../model/index.ts'
import {
  decodePredictResponse,
  decodeResponseValues,
  decodeStatusResponse,
  encodePredictRequest,
  HYDROSPHERE_GENERATIONS,
  HYDROSPHERE_PREDICT_PATHS,
  HYDROSPHERE_STATUS_PATH,
  type HydrosphereGeneration,
  type HydrosphereRequest,
  type HydrosphereShapes,
  type HydrosphereStatus,
  type HydrosphereValue,
  health,
  predictResponsePayloadOffset,
} from '../protocol/index.ts'
import type { Shape } from '../tensor/index.ts'
import type { UnaryMethod } from './grpc/index.ts'
import { createGrpcCaller, type GrpcCaller } from './grpc-caller.ts'
import type { CallOptions, ClientOptions } from './inference-client.ts'
import { understood } from './understood-answer.ts'

const HEALTH_PATH = '/grpc.health.v1.Health/Check'
/** No message begins with it: the number of the field would have to go on. */
const NO_MESSAGE = Uint8Array.of(0xff)

export interface HydrosphereClientOptions extends ClientOptions {
  /**
   * Where the runtime is, e.g. `127.0.0.1:9091`, `[::1]:9091` or `unix:/run/runtime.sock`. With `tls`, even if it is
   * empty, over TLS. Proxies that the environment names are not used.
   */
  readonly target: string
  readonly generation: HydrosphereGeneration
  /** Connections, each of which carries many calls at a time. Default 1. */
  readonly maxConnections?: number | undefined
}

/** What one prediction may say for itself. */
export interface PredictOptions extends CallOptions {
  /** Which function of the model is meant; G1 chooses by it, G3 cannot say it. Default: none. */
  readonly signatureName?: string | undefined
  /** Declared shapes by name, -1 for any extent: outputs that come without a shape take theirs. Default: none. */
  readonly outputShapes?: ReadonlyMap<string, Shape> | undefined
}

/** What a prediction with groups may say for itself. */
export interface PredictValuesOptions extends Omit<PredictOptions, 'outputShapes'> {
  readonly outputShapes?: HydrosphereShapes | undefined
}

/**
 * Asks a runtime, or a G2 gateway, in Hydrosphere's prediction protocol.
 *
 * Every method rejects with a `ServingError`, as those of `InferenceClient` do.
 */
export interface HydrosphereClient {
  /**
   * The answer has the request's model and id, and all outputs or those that the request asks for: the protocol sends
   * neither. Parameters are not sent.
   */
  readonly predict: (request: InferenceRequest, options?: PredictOptions) => Promise<InferenceResponse>
  /** Asks with inputs that may be groups, and answers with all outputs, which may be some, too. */
  readonly predictValues: (
    request: HydrosphereRequest,
    options?: PredictValuesOptions,
  ) => Promise<readonly HydrosphereValue[]>
  /** What G2's `Status` answers; rejects with UNIMPLEMENTED where there is none. */
  readonly status: (options?: CallOptions) => Promise<HydrosphereStatus>
  /** What gRPC's health service answers for the server as a whole; rejects with UNIMPLEMENTED where there is none. */
  readonly health: (options?: CallOptions) => Promise<HydrosphereStatus['status']>
  /**
   * Whether the server has this generation's `Predict`. It is called with bytes that are no message, so that no model is
   * asked; the server may log an error.
   */
  readonly isOffered: (options?: CallOptions) => Promise<boolean>
  /** Settles when there is a connection that speaks HTTP/2. */
  readonly connect: (options?: CallOptions) => Promise<void>
  /** Lets running calls finish and closes the connections. Idempotent. */
  readonly close: () => Promise<void>
}

/**
 * A client of Hydrosphere's prediction protocol. Tensors must not change until their call has ended.
 * @throws ServingError INVALID_ARGUMENT for a target, number or generation that cannot be
 */
export function createHydrosphereClient(options: HydrosphereClientOptions): HydrosphereClient {
  if (!HYDROSPHERE_GENERATIONS.includes(options.generation)) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `generation is '${options.generation as string}'; allowed are ${HYDROSPHERE_GENERATIONS.join(', ')}`,
    )
  }
  return new GrpcHydrosphereClient(options.generation, createGrpcCaller(options))
}

class GrpcHydrosphereClient implements HydrosphereClient {
  readonly #generation: HydrosphereGeneration
  readonly #caller: GrpcCaller
  readonly #predict: UnaryMethod
  readonly #status: UnaryMethod
  readonly #health: UnaryMethod

  constructor(generation: HydrosphereGeneration, caller: GrpcCaller) {
    this.#generation = generation
    this.#caller = caller
    this.#predict = caller.method(HYDROSPHERE_PREDICT_PATHS[generation], predictResponsePayloadOffset)
    this.#status = caller.method(HYDROSPHERE_STATUS_PATH)
    this.#health = caller.method(HEALTH_PATH)
  }

  readonly predict = (request: InferenceRequest, options: PredictOptions = {}): Promise<InferenceResponse> =>
    this.#predict(
      options,
      () => encodePredictRequest(request, this.#generation, options.signatureName),
      answer => {
        const { modelName, modelVersion, id } = request
        const outputs = understood(() =>
          decodePredictResponse(answer, this.#generation, options.outputShapes),
        )
        return { modelName, modelVersion, id, outputs: wantedOutputs(request, outputs) }
      },
    )

  readonly predictValues = (
    request: HydrosphereRequest,
    options: PredictValuesOptions = {},
  ): Promise<readonly HydrosphereValue[]> =>
    this.#predict(
      options,
      () => encodePredictRequest(request, this.#generation, options.signatureName),
      answer => understood(() => decodeResponseValues(answer, this.#generation, options.outputShapes)),
    )

  readonly status = (options: CallOptions = {}): Promise<HydrosphereStatus> =>
    this.#status(
      options,
      () => [],
      answer => understood(() => decodeStatusResponse(answer)),
    )

  readonly health = (options: CallOptions = {}): Promise<HydrosphereStatus['status']> => {
    const { HealthCheckRequestSchema, HealthCheckResponseSchema } = health
    return this.#health(
      options,
      () => [toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema))],
      answer => statusWord(understood(() => fromBinary(HealthCheckResponseSchema, answer).status)),
    )
  }

  readonly isOffered = async (options: CallOptions = {}): Promise<boolean> => {
    try {
      await this.#predict(
        options,
        () => [NO_MESSAGE],
        () => undefined,
      )
      return true
    } catch (error) {
      if (!ServingError.is(error)) throw error
      // What the server says of the call tells that it has the method; only these say nothing of it.
      if (error.code === 'UNIMPLEMENTED') return false
      if (isOwnFailure(error)) throw error
      return true
    }
  }

  readonly connect = (options: CallOptions = {}): Promise<void> => this.#caller.connect(options)

  readonly close = (): Promise<void> => this.#caller.close()
}

/** True for a failure that is not the server's word on the method. */
function isOwnFailure({ code }: ServingError): boolean {
  return code === 'UNAVAILABLE' || code === 'DEADLINE_EXCEEDED' || code === 'CANCELLED'
}

/** A state that the service does not have is unknown. */
function statusWord(number: number): HydrosphereStatus['status'] {
  if (number === 1) return 'SERVING'
  return number === 2 ? 'NOT_SERVING' : 'UNKNOWN'
}

function wantedOutputs({ outputs: wanted }: InferenceRequest, outputs: InferenceResponse['outputs']) {
  if (wanted === undefined || wanted.length === 0) return outputs
  return outputs.filter(({ name }) => wanted.some(output => output.name === name))
}
