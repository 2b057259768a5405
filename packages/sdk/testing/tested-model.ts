import type { ContractDefinition, ModelContract } from '../contract/index.ts'
import { ServingError } from '../errors/index.ts'
import type { BoundModel, InferenceRequest, Logger, ModelMetrics } from '../model/index.ts'
import { type Answer, toAnswer } from './answer.ts'
import type { RecordedLog } from './recorded-log.ts'
import type { RecordedMetrics } from './recorded-metrics.ts'
import { beginCall, type CallOptions, type TestCall } from './test-call.ts'
import { type TestInputs, toInputTensors } from './test-inputs.ts'

/** A loaded model under test. It is called as the server calls it, contract enforcement included. */
export interface TestedModel<C extends ContractDefinition = ContractDefinition> extends AsyncDisposable {
  /** Inputs and outputs as they are after `load`. */
  readonly metadata: ModelContract
  /** What the model logged since it was made. */
  readonly log: RecordedLog
  /** What the model recorded in its metrics since it was made, by metric name. */
  readonly metrics: RecordedMetrics
  /** The headers that the model set in the latest call, names in lower case. */
  readonly responseHeaders: Readonly<Record<string, string>>
  /**
   * Sends one request.
   * @throws ServingError INVALID_ARGUMENT for inputs that a server would refuse, INTERNAL for a wrong
   * answer, UNAVAILABLE when the model is not ready or unloaded; what the model itself throws, as it is
   */
  predict(inputs: TestInputs<C>, options?: CallOptions): Promise<Answer<C>>
  /** Opens a stream with one request and yields each response. Throws as `predict` does. */
  stream(inputs: TestInputs<C>, options?: CallOptions): AsyncGenerator<Answer<C>, void, void>
  /** Calls the model's `unload`, once; afterwards it answers no more. `await using` does this too. */
  unload(): Promise<void>
}

/** Where a model's logs and metrics go, and where a test reads them. */
export interface Recorders {
  readonly log: Logger
  readonly recordedLog: RecordedLog
  readonly metrics: ModelMetrics
  readonly recordedMetrics: RecordedMetrics
}

/** Puts a bound model under test. */
export function createTestedModel<C extends ContractDefinition>(
  bound: BoundModel,
  recorders: Recorders,
  headers: Readonly<Record<string, string>>,
): TestedModel<C> {
  const { model } = bound
  const { name, version } = model.settings
  let latest: TestCall | undefined
  let unloading: Promise<void> | undefined

  const begin = (options: CallOptions): TestCall => {
    if (unloading !== undefined) throw new ServingError('UNAVAILABLE', `Model ${name} is unloaded`)
    if (!model.isReady) throw new ServingError('UNAVAILABLE', `Model ${name} is not ready yet.`)
    latest = beginCall(options, headers, recorders)
    return latest
  }
  const toRequest = (inputs: TestInputs<C>, { parameters, outputs }: CallOptions): InferenceRequest => ({
    modelName: name,
    modelVersion: version,
    parameters,
    inputs: toInputTensors(inputs, model.inputs),
    outputs: outputs?.map(output => ({ name: output })),
  })
  const unload = () => (unloading ??= (async () => model.unload?.())())

  return {
    get metadata() {
      return { inputs: model.inputs, outputs: model.outputs }
    },
    log: recorders.recordedLog,
    metrics: recorders.recordedMetrics,
    get responseHeaders() {
      return latest?.responseHeaders ?? {}
    },
    async predict(inputs, options = {}) {
      using call = begin(options)
      return toAnswer(await bound.predict(toRequest(inputs, options), call.context), model.outputs)
    },
    async *stream(inputs, options = {}) {
      using call = begin(options)
      const request = toRequest(inputs, options)
      for await (const response of bound.predictStream(streamOf(request), call.context)) {
        yield toAnswer<C>(response, model.outputs)
      }
    },
    unload,
    [Symbol.asyncDispose]: unload,
  }
}

async function* streamOf(request: InferenceRequest) {
  yield request
}
