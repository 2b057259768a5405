/** A partition up to which every record has been answered: the offset of the first that has not. */
export interface Position {
  readonly partition: number
  readonly offset: bigint
}

interface Progress {
  /** Begun and not finished, in the order of begin, which is that of the offsets. */
  readonly open: Set<bigint>
  /** Behind the last record that was begun. */
  next: bigint
  /** What was told by `takeNew` last. */
  told: bigint
}

/**
 * Keeps, for each partition of one topic, what has been answered, so that a commit never passes a record that has
 * not: answers may come in any order, positions only rise.
 */
export class PartitionProgress {
  readonly #partitions = new Map<number, Progress>()

  /**
   * Returns false for a record that was begun before and came once more after a rebalance: it is not to be answered
   * again, but its partition's position is told again.
   */
  begin(partition: number, offset: bigint): boolean {
    let progress = this.#partitions.get(partition)
    if (progress === undefined) {
      progress = { open: new Set(), next: offset, told: offset }
      this.#partitions.set(partition, progress)
    }
    if (offset < progress.next) {
      progress.told = UNTOLD
      return false
    }
    progress.open.add(offset)
    progress.next = offset + 1n
    return true
  }

  /** A record has its answer. */
  finish(partition: number, offset: bigint): void {
    this.#partitions.get(partition)?.open.delete(offset)
  }

  /** Of partitions that have risen since the last call, or are to be told again. */
  takeNew(): Position[] {
    const risen: Position[] = []
    for (const [partition, progress] of this.#partitions) {
      const offset = positionOf(progress)
      if (offset === progress.told) continue
      progress.told = offset
      risen.push({ partition, offset })
    }
    return risen
  }

  /** Of all partitions that a record has been begun of. */
  positions(): Position[] {
    return Array.from(this.#partitions, ([partition, progress]) => ({
      partition,
      offset: positionOf(progress),
    }))
  }
}

/** No offset. */
const UNTOLD = -1n

function positionOf({ open, next }: Progress): bigint {
  for (const first of open) return first
  return next
}
