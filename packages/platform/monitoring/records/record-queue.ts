import type { KeptRecord } from './kept-record.ts'

/** Requests that wait to be looked at, within a bound in number and bytes. */
export interface RecordQueue {
  /** @returns false for one that was left out, which is counted */
  add(record: KeptRecord): boolean
  /** The first of them; none from an empty queue. */
  take(maxRecords: number): readonly KeptRecord[]
  /** Settles when there is something to take, or the queue was ended. */
  untilFilled(minRecords: number): Promise<void>
  /** Takes no more; who waits goes on. */
  end(): void
  readonly isEnded: boolean
  readonly length: number
  readonly sizeBytes: number
  readonly droppedCount: number
  /** True when not even the smallest would be taken. */
  readonly isFull: boolean
  /** Counts one that was left out without having been made. */
  drop(): void
}

interface QueueOptions {
  readonly maxRecords: number
  readonly maxBytes: number
  /** Called for each that is left out, with their number up to then. */
  readonly onDrop: (droppedCount: number) => void
}

export function createRecordQueue({ maxRecords, maxBytes, onDrop }: QueueOptions): RecordQueue {
  let records: KeptRecord[] = []
  let sizeBytes = 0
  let droppedCount = 0
  let isEnded = false
  let waiting: { readonly minRecords: number; readonly resolve: () => void } | undefined

  const wake = () => {
    if (waiting === undefined || (!isEnded && records.length < waiting.minRecords)) return
    waiting.resolve()
    waiting = undefined
  }
  const drop = () => onDrop(++droppedCount)
  return {
    add(record) {
      if (isEnded || records.length >= maxRecords || sizeBytes + record.sizeBytes > maxBytes) {
        drop()
        return false
      }
      records.push(record)
      sizeBytes += record.sizeBytes
      wake()
      return true
    },
    drop,
    take(count) {
      const taken = records.slice(0, count)
      records = records.slice(count)
      for (const record of taken) sizeBytes -= record.sizeBytes
      return taken
    },
    untilFilled(minRecords) {
      if (isEnded || records.length >= minRecords) return Promise.resolve()
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting = { minRecords, resolve }
      return promise
    },
    end() {
      isEnded = true
      wake()
    },
    get isEnded() {
      return isEnded
    },
    get isFull() {
      return isEnded || records.length >= maxRecords || sizeBytes >= maxBytes
    },
    get length() {
      return records.length
    },
    get sizeBytes() {
      return sizeBytes
    },
    get droppedCount() {
      return droppedCount
    },
  }
}
