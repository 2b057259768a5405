import type { AggregateJson, CountsJson } from '../api/monitoring-json.ts'
import type { SignatureJson } from '../api/signature-json.ts'

/** What one cell counts; `undefined` for a batch in which it was not checked. */
export interface Cell {
  readonly checked: number
  readonly passed: number
}

export interface HeatRow {
  readonly name: string
  readonly kind: 'input' | 'output' | 'metric'
  /** One for each batch, newest first. */
  readonly cells: readonly (Cell | undefined)[]
}

/** A column of the grid. */
export interface Batch {
  /** Of its first and its last request. */
  readonly first: string
  readonly last: string
  readonly requests: number
}

/** Inputs, outputs and metrics that were checked in any of these batches. */
export function heatGridRows(
  aggregates: readonly AggregateJson[],
  signature: SignatureJson,
): readonly HeatRow[] {
  const fields = [
    ...signature.inputs.map(({ name }) => ({ name, kind: 'input' as const })),
    ...signature.outputs.map(({ name }) => ({ name, kind: 'output' as const })),
  ]
  const metrics = new Set(aggregates.flatMap(({ _hs_metrics }) => Object.keys(_hs_metrics ?? {})))
  const rows: HeatRow[] = fields.map(({ name, kind }) => ({
    name,
    kind,
    cells: aggregates.map(aggregate => cellOf(aggregate[name])),
  }))
  for (const name of metrics) {
    rows.push({
      name,
      kind: 'metric',
      cells: aggregates.map(({ _hs_metrics }) => cellOf(_hs_metrics?.[name])),
    })
  }
  return rows.filter(({ cells }) => cells.some(cell => cell !== undefined))
}

function cellOf(counts: unknown): Cell | undefined {
  if (typeof counts !== 'object' || counts === null) return undefined
  const { checks, checked = checks, passed } = counts as Partial<CountsJson>
  if (checked === undefined || passed === undefined || checked === 0) return undefined
  return { checked, passed }
}

export function batchesOf(aggregates: readonly AggregateJson[]): readonly Batch[] {
  return aggregates.map(({ _hs_first_id, _hs_last_id, _hs_requests }) => ({
    first: idText(_hs_first_id),
    last: idText(_hs_last_id),
    requests: _hs_requests,
  }))
}

/** Ids are texts, or objects around one. */
export function idText(id: unknown): string {
  if (typeof id === 'object' && id !== null && '$oid' in id) return String(id.$oid)
  return String(id)
}

/** Red for none, green for all. Lightness differs too, for those who see the two alike. */
export function heatColor({ checked, passed }: Cell): string {
  const share = passed / checked
  return `hsl(${Math.round(130 * share)} 65% ${Math.round(42 + 14 * share)}%)`
}
