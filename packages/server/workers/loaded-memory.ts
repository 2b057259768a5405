import { memoryUsage } from 'node:process'
import type { BaseModel } from '@millrace/sdk'

/** What is known of the memory of a model that has just loaded, in bytes. */
export interface LoadedMemory {
  /** What its runtime says; undefined if that does not know. */
  readonly statedBytes: number | undefined
  /** How much its process grew while it loaded; undefined if other models loaded meanwhile. */
  readonly grownBytes: number | undefined
}

/** Loads that are under way in this process, and all that have ever begun. */
let underWay = 0
let begun = 0

/**
 * Has a model loaded, and measures by how much this process has grown since. Resident memory does not grow where a model
 * moves into what another has left, so that the memory outside the heap is looked at as well.
 */
export async function measureGrowth<T>(
  load: () => Promise<T>,
): Promise<{ readonly value: T; readonly grownBytes: number | undefined }> {
  const wasAlone = underWay === 0
  const number = ++begun
  underWay++
  const before = memoryUsage()
  try {
    const value = await load()
    if (!wasAlone || begun !== number) return { value, grownBytes: undefined }
    const { rss, external } = memoryUsage()
    return { value, grownBytes: Math.max(rss - before.rss, external - before.external, 0) }
  } finally {
    underWay--
  }
}

/** What a loaded model says of itself; undefined if it does not, or says what cannot be. */
export function statedBytes(model: BaseModel): number | undefined {
  let bytes: unknown
  try {
    bytes = model.memoryBytes?.()
  } catch {
    // A figure is not worth a model that has loaded.
    return undefined
  }
  return typeof bytes === 'number' && Number.isFinite(bytes) && bytes >= 0 ? Math.ceil(bytes) : undefined
}
