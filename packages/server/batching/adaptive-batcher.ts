import {
  type BoundModel,
  type InferenceRequest,
  type InferenceResponse,
  type RequestContext,
  ServingError,
} from '@millrace/sdk'
import { BatchContext } from './batch-context.ts'
import { BatchQueue } from './batch-queue.ts'
import { BatchSlots } from './batch-slots.ts'
import { BatchWindow } from './batch-window.ts'
import type { BatchedModel, BatcherOptions, BatchRecord, BatchStatistics } from './batched-model.ts'
import { type Clock, systemClock } from './clock.ts'
import { Member, type MemberOwner } from './member.ts'
import { mergeRequests } from './merge-requests.ts'
import { Refusals } from './refusals.ts'
import { RowAlignment } from './row-alignment.ts'
import { splitResponse } from './split-response.ts'

/**
 * Joins requests of a loaded model into batches of up to `maxBatchSize` rows, and gives each client exactly
 * what it would have got alone. Only for models that `checkBatchable` lets through.
 */
export function createBatcher(bound: BoundModel, options: BatcherOptions): BatchedModel {
  return new AdaptiveBatcher(bound, options)
}

/** What says nothing about the rows of a batch, so that asking for each of them again would not help. */
const COMMON_FAILURES: ReadonlySet<string> = new Set([
  'UNAVAILABLE',
  'RESOURCE_EXHAUSTED',
  'CANCELLED',
  'DEADLINE_EXCEEDED',
])

/**
 *     answer ──► queue, in groups ──► pump: slot free, window over ──► model ──► split ──► members
 *                  ▲                                                     │
 *                  └────── each alone, if it failed or cannot be split ──┘
 *
 * Everything happens in the pump. It runs once in a turn of the event loop, after all that this turn has
 * read from sockets has arrived, so that what comes together goes together without a timer.
 */
class AdaptiveBatcher implements BatchedModel, MemberOwner {
  readonly model: BoundModel['model']
  readonly maxBatchSize: number
  readonly #inner: BoundModel
  readonly #options: BatcherOptions
  readonly #clock: Clock
  readonly #queue: BatchQueue
  readonly #window: BatchWindow
  readonly #slots: BatchSlots
  readonly #alignment: RowAlignment
  readonly #refusals: Refusals
  readonly #merged = new Set<BatchContext>()
  /** Members that nobody watches yet: most are taken in the turn in which they came. */
  #unwatched: Member[] = []
  #sequence = 0
  #running = 0
  #batchCount = 0
  #batchedRowCount = 0
  #isPumpDue = false
  #timer: { readonly atMs: number; cancel(): void } | null = null
  #hasWarnedOfStreams = false
  #closing: PromiseWithResolvers<void> | null = null

  constructor(bound: BoundModel, options: BatcherOptions) {
    this.model = bound.model
    this.maxBatchSize = options.maxBatchSize
    this.#inner = bound
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#queue = new BatchQueue(options)
    this.#window = new BatchWindow(options)
    this.#slots = new BatchSlots(options.concurrency)
    this.#alignment = new RowAlignment(bound.model.settings.name, options.log)
    this.#refusals = new Refusals(bound.model.settings.name, options)
  }

  get statistics(): BatchStatistics {
    return {
      batchCount: this.#batchCount,
      batchedRowCount: this.#batchedRowCount,
      queueLength: this.#queue.length,
      queueBytes: this.#queue.sizeBytes,
    }
  }

  admit(request: InferenceRequest): void {
    this.#inner.admit(request)
  }

  answer(request: InferenceRequest, context: RequestContext): Promise<InferenceResponse> {
    if (this.#closing !== null) return Promise.reject(this.#refusals.closed())
    if (this.#alignment.isDenied) return this.#answerDirectly(request, context)
    return new Promise((resolve, reject) => {
      const [nowMs, epochMs] = [this.#clock.now(), this.#clock.epochMs()]
      const arrival = { request, context, sequence: this.#sequence++, nowMs, epochMs }
      this.#enter(new Member(arrival, this, resolve, reject), nowMs)
    })
  }

  async predict(request: InferenceRequest, context: RequestContext): Promise<InferenceResponse> {
    this.admit(request)
    return this.answer(request, context)
  }

  predictStream(
    requests: AsyncIterable<InferenceRequest>,
    context: RequestContext,
  ): AsyncIterable<InferenceResponse> {
    if (!this.#hasWarnedOfStreams) {
      this.#hasWarnedOfStreams = true
      this.#options.log.warn(
        `Model ${this.model.settings.name}: adaptive batching is not supported for inference streaming; its streams are answered one by one`,
      )
    }
    return this.#inner.predictStream(requests, context)
  }

  close(): Promise<void> {
    if (this.#closing === null) {
      this.#closing = Promise.withResolvers()
      const reason = this.#refusals.closed()
      for (const member of this.#queue.takeAll()) member.reject(reason)
      for (const context of this.#merged) context.abort(reason)
      this.#setTimer(Number.POSITIVE_INFINITY)
      if (this.#running === 0) this.#closing.resolve()
    }
    return this.#closing.promise
  }

  left(member: Member): void {
    if (member.isSettled) return
    this.#queue.remove(member)
    member.rejectAsLeft()
    member.batch?.memberLeft(member.context.signal.reason)
  }

  #enter(member: Member, nowMs: number): void {
    if (member.key !== null) this.#window.arrived(nowMs)
    if (member.dueMs <= nowMs) {
      member.reject(this.#refusals.overdue())
      return
    }
    // A queue that is full while the model is free does not wait for the end of the turn.
    if (!this.#queue.hasRoomFor(member)) this.#pump(true)
    if (!this.#queue.hasRoomFor(member) && !(this.#queue.length === 0 && this.#slots.isFree)) {
      member.reject(this.#refusals.full(member, this.#queue, this.#window.batchMs))
      return
    }
    this.#enqueue(member)
    this.#options.onEnqueue?.(this.#queue.length)
    // What fits into no queue does not have to: a slot is free.
    if (member.sizeBytes > this.#options.maxQueueBytes) this.#pump(true)
  }

  #enqueue(member: Member): void {
    this.#queue.add(member)
    if (this.#slots.isFree) {
      this.#unwatched.push(member)
      this.#pumpSoon()
      return
    }
    member.watch()
    this.#setTimer(this.#earliestDueMs)
  }

  #pumpSoon(): void {
    if (this.#isPumpDue) return
    this.#isPumpDue = true
    setImmediate(() => {
      this.#isPumpDue = false
      this.#pump(false)
    })
  }

  /** Starts what may start, and sets the timer for what may not yet. */
  #pump(isUrgent: boolean): void {
    if (this.#closing !== null) return
    const dueMs = this.#clock.now()
    for (const member of this.#queue.takeDue(dueMs)) member.reject(this.#refusals.overdue())
    if (this.#slots.giveUpOverdue(dueMs) > 0) this.#warnOfHanging()
    let heldUntilMs = Number.POSITIVE_INFINITY
    while (this.#slots.isFree) {
      const group = this.#queue.next()
      if (group === undefined) break
      // Where several groups wait there is no need to: one gathers while another runs.
      const isHeld = group.key !== null && this.#alignment.isKnown && this.#queue.groupCount === 1
      const nowMs = this.#clock.now()
      const startMs = isHeld && !isUrgent ? this.#window.startMs(nowMs, group) : nowMs
      // Whoever would be late by then is not made to wait for others.
      if (startMs > nowMs && startMs < this.#queue.earliestDueMs) {
        heldUntilMs = startMs
        break
      }
      const members = this.#queue.take(this.maxBatchSize, this.#alignment.isKnown ? Infinity : 1)
      this.#window.started(members.length)
      void this.#run(members)
    }
    const unwatched = this.#unwatched
    this.#unwatched = []
    for (const member of unwatched) if (member.isWaiting) member.watch()
    this.#setTimer(Math.min(heldUntilMs, this.#earliestDueMs))
  }

  /** A place that is given up matters only to those who wait for it. */
  get #earliestDueMs(): number {
    const { earliestDueMs, length } = this.#queue
    return length === 0 ? earliestDueMs : Math.min(earliestDueMs, this.#slots.earliestOverdueMs)
  }

  #warnOfHanging(): void {
    this.#options.log.warn(
      `Model ${this.model.settings.name} has not answered a batch although all its requests are overdue; others go on without waiting for it`,
    )
  }

  /** One timer, for the earliest thing due. It stays where it is if that is later than it thought. */
  #setTimer(atMs: number): void {
    if (this.#timer !== null && this.#timer.atMs <= atMs && atMs !== Infinity) return
    this.#timer?.cancel()
    this.#timer = null
    if (atMs === Infinity || this.#closing !== null) return
    const cancel = this.#clock.after(Math.max(0, atMs - this.#clock.now()), () => {
      this.#timer = null
      this.#pump(false)
    })
    this.#timer = { atMs, cancel }
  }

  async #run(members: readonly Member[]): Promise<void> {
    const startedMs = this.#clock.now()
    const rows = members.reduce((total, member) => total + Math.max(1, member.rows), 0)
    const queueMs = members.reduce((total, member) => total + startedMs - member.enqueuedMs, 0)
    const nowEpochMs = this.#clock.epochMs()
    const latestMs = members.reduce((latest, { context }) => Math.max(latest, context.deadlineMs), -Infinity)
    const batch = { overdueAtMs: startedMs + latestMs - nowEpochMs }
    this.#slots.take(batch)
    this.#running++
    this.#count({ requests: members.length, rows, queueMs })
    const { key } = members[0]!
    const hasAnswered =
      members.length === 1 ? await this.#answerAlone(members[0]!) : await this.#answerTogether(members, rows)
    this.#slots.leave(batch)
    this.#running--
    if (hasAnswered && key !== null) {
      const durationMs = this.#clock.now() - startedMs
      const waiting = this.#queue.countOf(key)
      this.#window.finished({ requests: members.length, rows, durationMs, waiting })
    }
    if (this.#queue.length > 0) this.#pumpSoon()
    if (this.#running === 0) this.#closing?.resolve()
  }

  async #answerAlone(member: Member): Promise<boolean> {
    // From here on its signal is the model's business.
    member.unwatch()
    try {
      const response = await this.#inner.answer(member.request, member.context)
      if (member.key !== null) this.#alignment.learn(response, member.rows)
      member.resolve(response)
      return true
    } catch (error) {
      member.reject(error)
      return false
    }
  }

  /** False if the members have to be answered, or were refused, in another way. */
  async #answerTogether(members: readonly Member[], rows: number): Promise<boolean> {
    const context = new BatchContext(members)
    this.#merged.add(context)
    try {
      const response = await this.#inner.answer(mergeRequests(members), context)
      if (!this.#alignment.learn(response, rows)) {
        this.#answerApart(members)
        return false
      }
      const shares = members.map(member => ({ id: member.request.id, rows: member.rows }))
      const parts = splitResponse(response, shares)
      context.applyHeaders()
      for (const [index, member] of members.entries()) member.resolve(parts[index]!)
      return true
    } catch (error) {
      if (ServingError.is(error) && COMMON_FAILURES.has(error.code)) context.reject(error)
      else this.#answerApart(members)
      return false
    } finally {
      this.#merged.delete(context)
    }
  }

  /** Puts those that are still there back, each to be answered alone. They are the oldest, so they come first. */
  #answerApart(members: readonly Member[]): void {
    for (const member of members) {
      member.batch = null
      if (member.isSettled) continue
      if (this.#closing !== null) {
        member.reject(this.#refusals.closed())
        continue
      }
      member.key = null
      this.#enqueue(member)
      // It has waited a whole batch already.
      member.watch()
    }
  }

  #count(batch: BatchRecord): void {
    this.#batchCount++
    this.#batchedRowCount += batch.rows
    this.#options.onBatch?.(batch)
  }

  async #answerDirectly(request: InferenceRequest, context: RequestContext): Promise<InferenceResponse> {
    this.#count({ requests: 1, rows: Math.max(1, request.inputs[0]?.shape[0] ?? 1), queueMs: 0 })
    return this.#inner.answer(request, context)
  }
}
