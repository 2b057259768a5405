import type { CheckAggregateRecord, CheckRecord } from '../../store/index.ts'
import { toWireId } from './wire-ids.ts'

/** The stored document as JSON, with its id; the document itself is not read. */
export function checkJson({ id, document }: CheckRecord): string {
  return `{"_id":"${toWireId(id)}",${document.slice(1)}`
}

export function checksJson(checks: readonly CheckRecord[]): string {
  return `[${checks.map(checkJson).join(',')}]`
}

/** A batch as its clients see it: a key for each field besides those of its own. */
export function aggregateView(aggregate: CheckAggregateRecord, modelName: string): object {
  const { id, versionId, requestCount, firstCheckId, lastCheckId, requestIds, counts } = aggregate
  const fields = Array.from(counts.fields, ([name, { checked, passed }]) => [
    name,
    { checks: checked, passed },
  ])
  const metrics = Array.from(counts.metrics, ([name, { checked, passed }]) => [name, { checked, passed }])
  return Object.fromEntries([
    ['_id', toWireId(id)],
    ...fields,
    ['_hs_metrics', Object.fromEntries(metrics) as object],
    ['_hs_requests', requestCount],
    ['_hs_first_id', toWireId(firstCheckId)],
    ['_hs_last_id', toWireId(lastCheckId)],
    ['_hs_request_ids', requestIds],
    ['_hs_model_version_id', versionId],
    ['_hs_model_name', modelName],
  ]) as object
}

/** For clients that count in seconds. */
export function toSeconds(date: Date | undefined): number | null {
  return date === undefined ? null : Math.floor(date.getTime() / 1000)
}
