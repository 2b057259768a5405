import {
  BytesArray,
  type InferenceRequest,
  type InferenceResponse,
  type Parameters,
  type RequestContext,
  ServingError,
} from '@millrace/sdk'
import { batchKey, rowCount } from './batch-key.ts'
import { readQueueParameters } from './request-parameters.ts'

/** Who answers a request, and who is told when nobody wants the answer any more. */
export interface MemberOwner {
  readonly maxBatchSize: number
  /** The client went away while the request waited, or while a batch ran with it. */
  left(member: Member): void
}

export interface Arrival {
  readonly request: InferenceRequest
  readonly context: RequestContext
  /** Counts arrivals: the order among equals. */
  readonly sequence: number
  readonly nowMs: number
  readonly epochMs: number
}

/** A request on its way through the batcher. It is answered by slots, not by a promise of its own. */
export class Member {
  readonly request: InferenceRequest
  readonly context: RequestContext
  readonly sequence: number
  readonly enqueuedMs: number
  /** 1 before 2, and infinity last. */
  readonly priority: number
  /** When it must have begun; infinity without a limit. */
  readonly dueMs: number
  /** Its parameters without those for the queue. */
  readonly ownParameters: Parameters | undefined
  readonly sizeBytes: number
  /** The first extent of its inputs; 0 for one that cannot be joined. */
  readonly rows: number
  /** `null` for one that is answered alone. */
  key: string | null
  /** Whether it is in the queue, which says so. */
  isWaiting = false
  /** Whether it is answered, refused, or left. */
  isSettled = false
  /** The running batch it is part of, told when it leaves. */
  batch: { memberLeft(reason: unknown): void } | null = null
  readonly #owner: MemberOwner
  readonly #resolve: (response: InferenceResponse) => void
  readonly #reject: (error: unknown) => void
  #isWatched = false

  constructor(
    arrival: Arrival,
    owner: MemberOwner,
    resolve: (response: InferenceResponse) => void,
    reject: (error: unknown) => void,
  ) {
    const { request, context, nowMs } = arrival
    const { priority, timeoutMs, rest } = readQueueParameters(request.parameters)
    this.request = request
    this.context = context
    this.sequence = arrival.sequence
    this.enqueuedMs = nowMs
    this.priority = priority
    this.ownParameters = rest
    this.dueMs = nowMs + Math.min(context.deadlineMs - arrival.epochMs, timeoutMs)
    this.sizeBytes = requestBytes(request)
    this.rows = rowCount(request)
    const isJoinable = this.rows > 0 && this.rows <= owner.maxBatchSize
    this.key = isJoinable ? batchKey(request, rest, context.headers) : null
    this.#owner = owner
    this.#resolve = resolve
    this.#reject = reject
  }

  /** Learns from here on whether its client goes away. Signals are made upon asking, so only who waits asks. */
  watch(): void {
    if (this.#isWatched || this.isSettled) return
    const { signal } = this.context
    if (signal.aborted) {
      this.#owner.left(this)
      return
    }
    signal.addEventListener('abort', this)
    this.#isWatched = true
  }

  unwatch(): void {
    if (!this.#isWatched) return
    this.context.signal.removeEventListener('abort', this)
    this.#isWatched = false
  }

  /** Called by the signal. */
  handleEvent(): void {
    this.#owner.left(this)
  }

  resolve(response: InferenceResponse): void {
    if (this.#settle()) this.#resolve(response)
  }

  reject(error: unknown): void {
    if (this.#settle()) this.#reject(error)
  }

  /** Rejects with what its signal says. */
  rejectAsLeft(): void {
    const reason: unknown = this.context.signal.reason
    this.reject(
      ServingError.is(reason) ? reason : new ServingError('CANCELLED', 'the client left', { cause: reason }),
    )
  }

  #settle(): boolean {
    if (this.isSettled) return false
    this.isSettled = true
    this.unwatch()
    return true
  }
}

function requestBytes({ inputs }: InferenceRequest): number {
  let sizeBytes = 0
  for (const { data } of inputs) sizeBytes += BytesArray.is(data) ? data.packed().length : data.byteLength
  return sizeBytes
}
