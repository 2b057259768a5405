import type { LoadContext, RecordValue } from '@millrace/sdk'
import type { ModelVersionSettings } from '../repository/index.ts'
import type { LogLine, MetricBatch } from './messages.ts'

/** A model version that a pool holds, or is about to. */
export class PooledModel {
  /** Its number in every worker; never used for another. */
  readonly number: number
  readonly settings: ModelVersionSettings
  /** False once it is unloaded or its load has failed: whatever still loads it lets go of it again. */
  isWanted = true
  /** Set when its load has stopped too many workers to be tried again. */
  failure = ''
  /** How often a worker stopped while it loaded this and did nothing else. */
  stopCount = 0
  /** True if a worker stopped while it loaded this among other things. */
  isSuspect = false
  /** What it is known to take on one worker. */
  bytes = 0
  /** Why it could not be loaded on a worker that was replaced. */
  problem = ''
  readonly #context: LoadContext
  readonly #metrics = new Map<string, RecordValue>()

  constructor(number: number, settings: ModelVersionSettings, context: LoadContext) {
    this.number = number
    this.settings = settings
    this.#context = context
  }

  get log(): LoadContext['log'] {
    return this.#context.log
  }

  writeLine({ level, message, fields }: LogLine): void {
    this.#context.log[level](message, fields)
  }

  /** Records in the server what was recorded in a worker. What the server refuses is logged: nobody waits for it. */
  record({ metrics, records }: MetricBatch): void {
    for (const { kind, name, help, options } of metrics) {
      this.#attempt(name, () => {
        // Every worker registers the same metrics.
        if (!this.#metrics.has(name))
          this.#metrics.set(name, this.#context.metrics[kind](name, help, options))
      })
    }
    for (const [name, value, labels] of records) {
      this.#attempt(name, () => this.#metrics.get(name)?.(value, labels))
    }
  }

  #attempt(name: string, record: () => void): void {
    try {
      record()
    } catch (error) {
      this.log.warn('a metric of the model could not be recorded', { metric: name, error })
    }
  }
}
