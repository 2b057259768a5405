import {
  decodeInput,
  decodeRequest,
  encodeOutput,
  encodeResponse,
  type RequestCodec,
  type TensorCodec,
} from '../codecs/index.ts'
import type { TensorSpec } from '../contract/index.ts'
import { ServingError } from '../errors/index.ts'
import type { Parameters, Tensor } from '../tensor/index.ts'
import type { LoadContext, RequestContext } from './context.ts'
import type { InferenceRequest, PlainResponse, RequestedOutput } from './inference.ts'
import type { ModelRoute } from './route.ts'
import type { ModelSettings } from './settings.ts'

/**
 * What every model has in common: settings, a life cycle, and a contract.
 * Authors extend {@link Model}, or `ContractModel(…)` for named and typed values.
 */
export abstract class BaseModel {
  readonly settings: ModelSettings
  /** Inputs and outputs, from the settings; `load` may replace them with what it finds in the artefact. */
  inputs: readonly TensorSpec[]
  outputs: readonly TensorSpec[]
  /** Set it to false while the model cannot answer: requests are then refused as UNAVAILABLE. */
  isReady = true
  /** HTTP routes of the model's own, read once after `load`. */
  routes: readonly ModelRoute[] = []

  constructor(settings: ModelSettings) {
    this.settings = settings
    this.inputs = settings.inputs
    this.outputs = settings.outputs
  }

  /** Called once before the first request; files are under `this.settings.folder`. False means "not ready". */
  load?(context: LoadContext): boolean | void | Promise<boolean | void>

  /** Called once after the last request has been answered. */
  unload?(): void | Promise<void>

  /**
   * Bytes of memory that the loaded model takes, for a model that knows. Asked once, when it has loaded. Default, and for
   * NaN: the server measures.
   */
  memoryBytes?(): number
}

/**
 * A model on the level of tensors. Override `predict`, or `predictStream`, or both:
 *
 *     export class Sum extends Model {
 *       override predict(request: InferenceRequest) {
 *         let total = 0
 *         for (const value of request.inputs[0]!.data) total += Number(value)
 *         return { outputs: [{ name: 'total', datatype: 'FP64', shape: [1], data: Float64Array.of(total) }] }
 *       }
 *     }
 */
export abstract class Model extends BaseModel {
  /**
   * Answers one request. What it throws as a `ServingError` reaches the client as it is. Give the
   * method the return type `ModelResponse` to have the compiler check the datatypes of its answer.
   */
  predict(_request: InferenceRequest, _context: RequestContext): PlainResponse | Promise<PlainResponse> {
    throw streamOnly(this.settings.name)
  }

  /**
   * Answers with any number of responses, each sent as it is yielded. The requests are those of one
   * stream: exactly one over REST, one or more over gRPC. Default: one `predict` per request.
   */
  async *predictStream(
    requests: AsyncIterable<InferenceRequest>,
    context: RequestContext,
  ): AsyncIterable<PlainResponse> {
    for await (const request of requests) yield await this.predict(request, context)
  }

  /**
   * The value of an input by its content type: what the client says in the input's `content_type`, else
   * what `inputs` declare for its name, else the default, else the tensor itself, also where nobody knows
   * the content type. With a default the value is one of its kind, and a client that says otherwise is
   * told so.
   * @throws ServingError INVALID_ARGUMENT when the input cannot be read; FAILED_PRECONDITION when what
   * `inputs` declare contradicts the default
   */
  protected decode(tensor: Tensor): unknown
  protected decode<T, E>(tensor: Tensor, defaultCodec: TensorCodec<T, E>): T
  protected decode(tensor: Tensor, defaultCodec?: TensorCodec<unknown>): unknown {
    return decodeInput(tensor, named(this.inputs, tensor.name), defaultCodec)
  }

  /**
   * The value of a whole request by its content type: what the client says in the request's
   * `content_type`, else the settings' `parameters.content_type`, else the default, else the request
   * itself. Its inputs are read as `decode` reads them.
   * @throws ServingError as `decode` does
   */
  protected decodeRequest(request: InferenceRequest): unknown
  protected decodeRequest<T, E>(request: InferenceRequest, defaultCodec: RequestCodec<T, E>): T
  protected decodeRequest(request: InferenceRequest, defaultCodec?: RequestCodec<unknown>): unknown {
    const metadata = { contentType: this.settings.contentType, inputs: this.inputs }
    return decodeRequest(request, metadata, defaultCodec)
  }

  /**
   * The tensor of an output: by the content type that the client asked for, else by what `outputs`
   * declare for the name, else by the first codec that recognises the value, else by the default.
   * @param requestedOutput what the client said of this output, from `request.outputs`
   * @throws ServingError INVALID_ARGUMENT when there is no codec, or it cannot write the value
   */
  protected encode(
    name: string,
    value: unknown,
    requestedOutput?: RequestedOutput,
    defaultCodec?: TensorCodec<unknown>,
  ): Tensor {
    const spec = named(this.outputs, name)
    return encodeOutput(name, value, { requested: requestedOutput, spec, defaultCodec })
  }

  /**
   * The answer that a value is as a whole, by the first request codec that recognises it, else by the
   * default: a `DataFrame`, an `NdArray`, numbers or text in lists, an object of arrays.
   * @throws ServingError INVALID_ARGUMENT when there is no codec, or it cannot write the value
   */
  protected encodeResponse(
    value: unknown,
    defaultCodec?: RequestCodec<unknown>,
  ): { readonly outputs: readonly Tensor[]; readonly parameters: Parameters } {
    return encodeResponse(value, defaultCodec)
  }
}

function named(specs: readonly TensorSpec[], name: string): TensorSpec | undefined {
  return specs.find(spec => spec.name === name)
}

/** The answer to a single request of a model that only streams. */
export function streamOnly(modelName: string): ServingError {
  return new ServingError(
    'UNIMPLEMENTED',
    `Model ${modelName} does not answer single requests; ask for a stream`,
  )
}
