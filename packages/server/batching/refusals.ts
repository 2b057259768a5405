import { ServingError } from '@millrace/sdk'
import type { BatcherOptions } from './batched-model.ts'

/** What the requests of a model are told that get to no batch. */
export class Refusals {
  readonly #modelName: string
  readonly #options: BatcherOptions

  constructor(modelName: string, options: BatcherOptions) {
    this.#modelName = modelName
    this.#options = options
  }

  closed(): ServingError {
    return new ServingError('UNAVAILABLE', `Model ${this.#modelName} is being unloaded`, {
      retryAfterMs: 1000,
    })
  }

  overdue(): ServingError {
    return new ServingError(
      'DEADLINE_EXCEEDED',
      `the deadline passed while the request waited for model ${this.#modelName}`,
    )
  }

  /** @param batchMs how long a batch takes; when to try again follows from it */
  full(
    request: { readonly sizeBytes: number },
    queue: { readonly length: number; readonly sizeBytes: number },
    batchMs: number,
  ): ServingError {
    const { maxBatchSize, maxQueueRequests, maxQueueBytes, concurrency } = this.#options
    const batchesAhead = Math.ceil(queue.length / maxBatchSize) / concurrency
    return new ServingError(
      'RESOURCE_EXHAUSTED',
      `the queue of model ${this.#modelName} holds ${queue.length} requests with ${queue.sizeBytes} bytes, and this one has ${request.sizeBytes} bytes; ` +
        `allowed are ${maxQueueRequests} requests (max_queue_requests) with ${maxQueueBytes} bytes (max_queue_bytes)`,
      // Overload of the server: 429 is for callers who ask too often.
      { httpStatus: 503, retryAfterMs: Math.max(1, Math.ceil((batchesAhead + 1) * batchMs)) },
    )
  }
}
