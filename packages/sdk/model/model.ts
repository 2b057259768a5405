import type { TensorSpec } from '../contract/index.ts'
import { ServingError } from '../errors/index.ts'
import type { LoadContext, RequestContext } from './context.ts'
import type { InferenceRequest, PlainResponse } from './inference.ts'
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
}

/** The answer to a single request of a model that only streams. */
export function streamOnly(modelName: string): ServingError {
  return new ServingError(
    'UNIMPLEMENTED',
    `Model ${modelName} does not answer single requests; ask for a stream`,
  )
}
