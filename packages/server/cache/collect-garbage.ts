import { setImmediate as nextTurn } from 'node:timers/promises'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Has the memory of unloaded models collected before it counts as free. */
export interface GarbageCollection {
  /**
   * Call it when a model has been unloaded. Collects if what this process holds has grown by a step since the last time, which
   * keeps the thread busy for as long as a collection takes; else it resolves at once.
   */
  afterUnload(bytes: number): Promise<void>
}

/** What JavaScript objects and the buffers that they hold take now. */
export interface HeldMemory {
  heldBytes(): number
  collect(): void
}

/** Node.js waits for twice as much, and longer on a machine whose other cores are busy. */
const STEP_BYTES = 32 * 1024 * 1024
/** Of large memories, a share: every collection looks at all that is alive. */
const STEP_SHARE = 1 / 8

/**
 * Models whose memory lies outside the heap and is given back by their `unload` cause no collection: what is held does not
 * grow by them.
 * @param budgetBytes what all models may take now
 */
export function createGarbageCollection(
  budgetBytes: () => number,
  heap: HeldMemory = systemHeap(),
): GarbageCollection {
  let unloadedBytes = 0
  /** Since the last collection; what that has found is given back behind it, little by little. */
  let leastHeldBytes = Number.POSITIVE_INFINITY
  const isDue = (heldBytes: number) => {
    const step = Math.max(STEP_BYTES, budgetBytes() * STEP_SHARE)
    return unloadedBytes >= step && heldBytes >= leastHeldBytes + step
  }
  return {
    async afterUnload(bytes) {
      unloadedBytes += bytes
      const heldBytes = heap.heldBytes()
      leastHeldBytes = Math.min(leastHeldBytes, heldBytes)
      if (!isDue(heldBytes)) return
      // Whoever has unloaded it still refers to it.
      await nextTurn()
      // Others may have come first.
      if (!isDue(heldBytes)) return
      heap.collect()
      unloadedBytes = 0
      leastHeldBytes = heap.heldBytes()
    },
  }
}

function systemHeap(): HeldMemory {
  let collect: (() => void) | null = null
  return {
    heldBytes() {
      const { used_heap_size: used, external_memory: external } = getHeapStatistics()
      return used + external
    },
    collect() {
      collect ??= exposedCollection()
      collect()
    },
  }
}

/** Node.js offers it behind a flag, and to a new context also when that is set later. */
function exposedCollection(): () => void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  setFlagsFromString('--no-expose-gc')
  return collect
}
