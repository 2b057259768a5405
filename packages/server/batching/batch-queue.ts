import type { Member } from './member.ts'

export interface QueueLimits {
  readonly maxQueueRequests: number
  readonly maxQueueBytes: number
}

/** Requests that may be answered together, those with the highest priority first and the oldest among them. */
export interface Group {
  /** `null` for a request that is answered alone. */
  readonly key: string | null
  /** Requests that wait here. */
  readonly requests: number
  readonly rows: number
}

/**
 * Requests that wait, in groups of those with the same key. It is served by priority and then by age; one
 * with a high priority goes before an older one even where that means to wait until its deadline.
 */
export class BatchQueue {
  readonly #limits: QueueLimits
  /** By key, or by the request itself if it has none. */
  readonly #groups = new Map<string | Member, WaitingGroup>()
  #length = 0
  #sizeBytes = 0
  #earliestDueMs = Number.POSITIVE_INFINITY

  constructor(limits: QueueLimits) {
    this.#limits = limits
  }

  get length(): number {
    return this.#length
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get groupCount(): number {
    return this.#groups.size
  }

  /** No request is due before; the one that was may have left. */
  get earliestDueMs(): number {
    return this.#earliestDueMs
  }

  hasRoomFor({ sizeBytes }: Member): boolean {
    const { maxQueueRequests, maxQueueBytes } = this.#limits
    return this.#length < maxQueueRequests && this.#sizeBytes + sizeBytes <= maxQueueBytes
  }

  /** Adds one whether there is room or not: what has once been let in may come back. */
  add(member: Member): void {
    const key = member.key ?? member
    let group = this.#groups.get(key)
    if (group === undefined) {
      group = new WaitingGroup(member.key)
      this.#groups.set(key, group)
    }
    group.add(member)
    this.#length++
    this.#sizeBytes += member.sizeBytes
    this.#earliestDueMs = Math.min(this.#earliestDueMs, member.dueMs)
  }

  /** Takes out one that waits no longer; false if it does not wait here. */
  remove(member: Member): boolean {
    const key = member.key ?? member
    const group = this.#groups.get(key)
    if (!member.isWaiting || group === undefined) return false
    group.remove(member)
    this.#forget(member)
    if (group.requests === 0) this.#groups.delete(key)
    return true
  }

  /** The group to be served next. */
  next(): Group | undefined {
    let next: WaitingGroup | undefined
    for (const group of this.#groups.values()) {
      if (next === undefined || isBefore(group.head, next.head)) next = group
    }
    return next
  }

  /** How many wait with this key. */
  countOf(key: string): number {
    return this.#groups.get(key)?.requests ?? 0
  }

  /** Takes the first of the group to be served next: at least one, as many as `maxRows` and `maxRequests` allow. */
  take(maxRows: number, maxRequests: number): Member[] {
    const group = this.next() as WaitingGroup | undefined
    if (group === undefined) return []
    const taken = group.take(maxRows, maxRequests)
    for (const member of taken) this.#forget(member)
    if (group.requests === 0) this.#groups.delete(group.key ?? taken[0]!)
    return taken
  }

  /** Takes out all whose time is up. */
  takeDue(nowMs: number): Member[] {
    if (nowMs < this.#earliestDueMs) return []
    const waiting = this.#all()
    const due = waiting.filter(({ dueMs }) => dueMs <= nowMs)
    for (const member of due) this.remove(member)
    this.#earliestDueMs = waiting.reduce(
      (earliestMs, { dueMs }) => (dueMs > nowMs ? Math.min(earliestMs, dueMs) : earliestMs),
      Number.POSITIVE_INFINITY,
    )
    return due
  }

  takeAll(): Member[] {
    const all = this.#all()
    for (const member of all) this.remove(member)
    return all
  }

  #all(): Member[] {
    return [...this.#groups.values()].flatMap(group => group.all())
  }

  #forget({ sizeBytes }: Member): void {
    this.#length--
    this.#sizeBytes -= sizeBytes
    if (this.#length === 0) this.#earliestDueMs = Number.POSITIVE_INFINITY
  }
}

class WaitingGroup implements Group {
  readonly key: string | null
  requests = 0
  rows = 0
  /** In the order of service. Those that left stay until they are the first, or more than the others. */
  #members: Member[] = []

  constructor(key: string | null) {
    this.key = key
  }

  get head(): Member {
    return this.#members[0]!
  }

  all(): Member[] {
    return this.#members.filter(({ isWaiting }) => isWaiting)
  }

  add(member: Member): void {
    let index = this.#members.length
    while (index > 0 && isBefore(member, this.#members[index - 1]!)) index--
    this.#members.splice(index, 0, member)
    member.isWaiting = true
    this.requests++
    this.rows += member.rows
  }

  remove(member: Member): void {
    this.#leave(member)
    if (this.head === member) this.#drop(0)
    if (this.#members.length > 2 * this.requests) this.#members = this.all()
  }

  take(maxRows: number, maxRequests: number): Member[] {
    const taken: Member[] = []
    let [rows, index] = [0, 0]
    for (; index < this.#members.length && taken.length < maxRequests; index++) {
      const member = this.#members[index]!
      if (!member.isWaiting) continue
      if (taken.length > 0 && rows + member.rows > maxRows) break
      this.#leave(member)
      taken.push(member)
      rows += member.rows
    }
    this.#drop(index)
    return taken
  }

  #leave(member: Member): void {
    member.isWaiting = false
    this.requests--
    this.rows -= member.rows
  }

  /** Drops the first `count`, and those behind them that left. */
  #drop(count: number): void {
    let end = count
    while (this.#members[end]?.isWaiting === false) end++
    this.#members.splice(0, end)
  }
}

function isBefore(a: Member, b: Member): boolean {
  return a.priority === b.priority ? a.sequence < b.sequence : a.priority < b.priority
}
