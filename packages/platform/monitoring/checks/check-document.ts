import type { NewCheck, PassedCount } from '../../store/index.ts'
import type { MonitoringLimits } from '../monitoring-limits.ts'
import type { KeptRecord } from '../records/kept-record.ts'
import { type KeptTensor, numbersOf, plainValues } from '../records/kept-tensor.ts'
import { type CheckView, checkField, type FieldChecks } from './field-checks.ts'
import type { MetricView } from './metric-checks.ts'
import type { TrainingRanges } from './training-ranges.ts'

/** What was found in a request, ready to be kept, and what is to be told of it. */
export interface CheckedRequest {
  readonly check: NewCheck
  /** By the name of the field; of each field one, whatever number failed. */
  readonly failedFields: readonly (readonly [field: string, checks: FieldChecks])[]
  readonly failedMetrics: readonly (readonly [metric: string, view: MetricView])[]
}

interface Findings {
  readonly ranges: TrainingRanges | undefined
  readonly metrics: readonly (readonly [metric: string, view: MetricView])[]
  readonly batchSize: number
}

/** Where a field is found in a document, its keys are its own; everything else begins with `_hs_`. */
export function checkRequest(
  record: KeptRecord,
  { ranges, metrics, batchSize }: Findings,
  limits: MonitoringLimits,
): CheckedRequest {
  // An output takes the place of an input of its name.
  const fields = new Map([...record.inputs, ...record.outputs].map(tensor => [tensor.name, tensor]))
  const checked = new Map<string, FieldChecks>()
  for (const [name, tensor] of fields) {
    const known = ranges?.get(name)
    if (known === undefined || known.length === 0) continue
    const checks = checkField(tensor, known, limits.maxKeptChecks)
    if (checks.checked > 0) checked.set(name, checks)
  }
  const document = documentOf(record, fields, checked, metrics, limits)
  const counts = {
    fields: new Map<string, PassedCount>(
      Array.from(checked, ([name, { checked, passed }]) => [name, { checked, passed }]),
    ),
    metrics: new Map<string, PassedCount>(
      metrics.map(([name, { check }]) => [name, { checked: 1, passed: Number(check) }]),
    ),
  }
  const { requestId, recordedAt, servable } = record
  return {
    check: { versionId: servable.modelVersionId, batchSize, requestId, recordedAt, document, counts },
    failedFields: [...checked].filter(([, { checked, passed }]) => passed < checked),
    failedMetrics: metrics.filter(([, { check }]) => !check),
  }
}

function documentOf(
  record: KeptRecord,
  fields: ReadonlyMap<string, KeptTensor>,
  checked: ReadonlyMap<string, FieldChecks>,
  metrics: readonly (readonly [string, MetricView])[],
  limits: MonitoringLimits,
): string {
  const { servable, application, recordedAt } = record
  const members: [string, unknown][] = []
  const summaries: [string, unknown][] = []
  const leftOut: [string, number][] = []
  for (const [name, tensor] of fields) {
    const isSummarised = tensor.count > limits.maxKeptValues || tensor.data.length < tensor.count
    members.push([name, isSummarised ? null : shown(tensor)])
    if (isSummarised) summaries.push([name, summaryOf(tensor)])
    members.push([`_hs_${name}_score`, scoreOf(checked.get(name))])
  }
  for (const name of record.nested) {
    if (!fields.has(name)) members.push([name, null], [`_hs_${name}_score`, null])
  }
  const raw: [string, readonly CheckView[]][] = []
  for (const [name, checks] of checked) {
    raw.push([name, checks.shown])
    if (checks.leftOutCount > 0) leftOut.push([name, checks.leftOutCount])
  }
  const passedMetrics = metrics.filter(([, { check }]) => check).length
  // Last, so that no field takes the place of what everybody looks for.
  members.push(
    ['_hs_raw_checks', Object.fromEntries(raw)],
    ['_hs_metric_checks', Object.fromEntries(metrics)],
    ['_hs_latency', record.latencyMs],
    ['_hs_error', record.error],
    ['_hs_score', scoreOf(sumOf(checked.values()))],
    ['_hs_overall_score', metrics.length === 0 ? null : passedMetrics / metrics.length],
    ['_hs_model_version_id', servable.modelVersionId],
    ['_hs_model_name', servable.modelName],
    ['_hs_model_incremental_version', servable.modelVersion],
    ['_hs_request_id', record.requestId],
    ['_hs_timestamp', recordedAt.getTime()],
    ['_hs_year', recordedAt.getUTCFullYear()],
    ['_hs_month', recordedAt.getUTCMonth() + 1],
    ['_hs_day', recordedAt.getUTCDate()],
    ['_hs_servable_name', servable.name === '' ? null : servable.name],
    ['_hs_application_name', application?.name ?? null],
    ['_hs_stage_id', application?.stage ?? null],
  )
  if (summaries.length > 0) members.push(['_hs_summaries', Object.fromEntries(summaries)])
  if (record.leftOutCount > 0) members.push(['_hs_fields_left_out', record.leftOutCount])
  if (leftOut.length > 0) members.push(['_hs_raw_checks_left_out', Object.fromEntries(leftOut)])
  return JSON.stringify(Object.fromEntries(members))
}

/** A value for a tensor of one element without a shape, else a flat list. */
function shown(tensor: KeptTensor): unknown {
  const values = plainValues(tensor, tensor.count)
  return tensor.shape.length === 0 ? values[0] : values
}

/** Instead of too many values. */
function summaryOf(tensor: KeptTensor): unknown {
  const { datatype, shape, count } = tensor
  const numbers = Array.from(numbersOf(tensor)).filter(Number.isFinite)
  const about = { datatype, shape, count }
  if (numbers.length === 0) return about
  let [min, max, sum] = [Infinity, -Infinity, 0]
  for (const number of numbers) {
    min = Math.min(min, number)
    max = Math.max(max, number)
    sum += number
  }
  return { ...about, ofFirst: tensor.data.length, min, max, mean: sum / numbers.length }
}

function scoreOf(count: PassedCount | undefined): number | null {
  return count === undefined || count.checked === 0 ? null : count.passed / count.checked
}

function sumOf(counts: Iterable<PassedCount>): PassedCount {
  let [checked, passed] = [0, 0]
  for (const count of counts) {
    checked += count.checked
    passed += count.passed
  }
  return { checked, passed }
}
