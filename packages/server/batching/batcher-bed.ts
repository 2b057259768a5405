import {
  type BoundModel,
  bindModel,
  type InferenceRequest,
  type InferenceResponse,
  Model,
  type ModelSettings,
  type PlainResponse,
  type RequestContext,
  type Tensor,
} from '@millrace/sdk'
import { createBatcher } from './adaptive-batcher.ts'
import type { BatchedModel, BatcherOptions, BatchRecord } from './batched-model.ts'
import { FakeClock, turn } from './fake-clock-fixture.ts'

export type Predict = (
  request: InferenceRequest,
  context: RequestContext,
) => PlainResponse | Promise<PlainResponse>

const SETTINGS: ModelSettings = {
  name: 'm',
  version: undefined,
  implementation: './model.ts:M',
  folder: '/models/m',
  uri: '/models/m',
  platform: '',
  versionNotes: [],
  inputs: [],
  outputs: [],
  enforceContract: true,
  contentType: undefined,
  extra: {},
  parameters: {},
}

export function bind(predict: Predict): BoundModel {
  class M extends Model {
    override predict(request: InferenceRequest, context: RequestContext) {
      return predict(request, context)
    }
  }
  return bindModel(new M(SETTINGS))
}

/** Logs and metrics are not looked at here. */
const SILENT = {
  log: { debug() {}, info() {}, warn() {}, error() {} },
  metrics: { counter: () => () => {}, gauge: () => () => {}, histogram: () => () => {} },
}

export interface TestContext extends RequestContext {
  readonly set: Record<string, string>
  /** Whether anybody has asked for the signal. */
  readonly isSignalMade: boolean
}

export function testContext(
  options: { headers?: Record<string, string>; signal?: AbortSignal; deadlineMs?: number } = {},
): TestContext {
  const { headers = {}, deadlineMs = Number.POSITIVE_INFINITY } = options
  const set: Record<string, string> = {}
  let { signal } = options
  let isSignalMade = false
  return {
    ...SILENT,
    headers,
    deadlineMs,
    set,
    get isSignalMade() {
      return isSignalMade
    },
    get signal() {
      isSignalMade = true
      signal ??= new AbortController().signal
      return signal
    },
    setHeader(name, value) {
      set[name] = value
    },
  }
}

/** A batcher on a fake clock around a model that is asked to answer when the test says so. */
export class BatcherBed {
  readonly clock = new FakeClock()
  readonly warnings: string[] = []
  readonly batches: BatchRecord[] = []
  readonly queueLengths: number[] = []
  /** Requests as the model saw them. */
  readonly seen: InferenceRequest[] = []
  readonly contexts: RequestContext[] = []
  readonly batcher: BatchedModel

  constructor(predict: Predict, options: Partial<BatcherOptions> = {}) {
    const bound = bind((request, context) => {
      this.seen.push(request)
      this.contexts.push(context)
      return predict(request, context)
    })
    this.batcher = createBatcher(bound, {
      maxBatchSize: 8,
      maxQueueDelayMs: 10,
      maxQueueRequests: 1000,
      maxQueueBytes: 1_000_000,
      concurrency: 1,
      clock: this.clock,
      log: { ...SILENT.log, warn: message => void this.warnings.push(message) },
      onBatch: batch => void this.batches.push(batch),
      onEnqueue: length => void this.queueLengths.push(length),
      ...options,
    })
  }

  get statistics() {
    return this.batcher.statistics
  }

  ask(request: InferenceRequest, context: RequestContext = testContext()) {
    return this.batcher.predict(request, context)
  }

  /** Has the model answer one request, after which it is known to keep to rows. */
  async warmUp(): Promise<void> {
    await this.ask(ofRows(0))
    for (const list of [this.seen, this.contexts, this.batches, this.queueLengths]) list.length = 0
  }

  turn(): Promise<void> {
    return turn()
  }
}

/** FP32 of shape `[n, 1]`. */
export function rows(...values: number[]): Tensor {
  return { name: 'x', datatype: 'FP32', shape: [values.length, 1], data: Float32Array.from(values) }
}

export function ofRows(...values: number[]): InferenceRequest {
  return { modelName: 'm', inputs: [rows(...values)] }
}

/** What {@link rows} holds, read back. */
export function valuesOf(of: InferenceRequest | InferenceResponse): number[] {
  const [tensor] = 'inputs' in of ? of.inputs : of.outputs
  return Array.from(tensor!.data as Float32Array)
}

/** Answers each row with ten times its value; a negative one is refused. */
export const tenfold: Predict = ({ inputs }) => {
  const outputs = inputs.map(({ name, shape, data }) => {
    const values = data as Float32Array
    const bad = values.find(value => value < 0)
    if (bad !== undefined) throw new RangeError(`${bad} is negative`)
    return { name, datatype: 'FP32', shape, data: values.map(value => value * 10) }
  })
  return { outputs }
}

/** A model that answers when told to, one call after the other. */
export class Gate {
  readonly #waiting: (() => void)[] = []

  get waiting(): number {
    return this.#waiting.length
  }

  pass(): Promise<void> {
    return new Promise(resolve => void this.#waiting.push(resolve))
  }

  async open(): Promise<void> {
    this.#waiting.shift()?.()
    await turn()
  }

  /** Tenfold, once the gate opens. */
  readonly predict: Predict = async (request, context) => {
    await this.pass()
    return tenfold(request, context)
  }
}
