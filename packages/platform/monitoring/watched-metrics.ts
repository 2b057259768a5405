import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from '@millrace/sdk'
import type { MetricSpecificationRecord, Store } from '../store/index.ts'

/** Which metrics watch which model versions, known at once. */
export interface WatchedMetrics {
  of(versionId: number): readonly MetricSpecificationRecord[]
  close(): Promise<void>
}

const AGAIN_AFTER_MS = 1_000
const NONE: readonly MetricSpecificationRecord[] = []

/** Reads them, and follows what changes. Rejects when the store cannot be read. */
export async function followMetrics(
  store: Pick<Store, 'changes' | 'metricSpecifications'>,
  log: Logger,
): Promise<WatchedMetrics> {
  const closing = new AbortController()
  let byVersion = new Map<number, MetricSpecificationRecord[]>()
  const read = async () => {
    const all = await store.metricSpecifications.list()
    byVersion = Map.groupBy(all, ({ versionId }) => versionId)
  }
  const follow = async (after: number) => {
    let position = after
    while (!closing.signal.aborted) {
      try {
        for await (const { sequence, entity, action } of store.changes.follow(position, closing.signal)) {
          position = sequence
          // With a model go the metrics that watched its versions.
          if (entity === 'MetricSpecification' || (entity === 'Model' && action === 'DELETED')) await read()
        }
        return
      } catch (error) {
        if (closing.signal.aborted) return
        log.warn('metrics could not be followed; what is known of them may be old', { error })
        await pause(AGAIN_AFTER_MS, undefined, { ref: false, signal: closing.signal }).catch(() => undefined)
        position = await store.changes.lastSequence().catch(() => position)
        await read().catch(() => undefined)
      }
    }
  }
  const position = await store.changes.lastSequence()
  await read()
  const following = follow(position)
  return {
    of: versionId => byVersion.get(versionId) ?? NONE,
    async close() {
      closing.abort()
      await following
    },
  }
}
