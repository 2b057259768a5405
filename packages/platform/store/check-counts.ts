/** How many checks were made of a field or by a metric, and how many of them passed. */
export interface PassedCount {
  readonly checked: number
  readonly passed: number
}

/** Of one request, by the names of fields and metrics. */
export interface CheckCounts {
  readonly fields: ReadonlyMap<string, PassedCount>
  readonly metrics: ReadonlyMap<string, PassedCount>
}

/** Of a batch. */
export type AggregateCounts = CheckCounts

/** Counts as they are stored: pairs, as any name may be the name of a field. */
export interface StoredCounts {
  readonly fields: readonly StoredCount[]
  readonly metrics: readonly StoredCount[]
}

type StoredCount = readonly [name: string, checked: number, passed: number]

/** Both together. */
export function addCounts(sum: CheckCounts | undefined, more: CheckCounts | StoredCounts): AggregateCounts {
  return {
    fields: added(sum?.fields, pairsOf(more.fields)),
    metrics: added(sum?.metrics, pairsOf(more.metrics)),
  }
}

export function storedCounts({ fields, metrics }: CheckCounts): StoredCounts {
  return { fields: [...pairsOf(fields)], metrics: [...pairsOf(metrics)] }
}

function* pairsOf(counts: CheckCounts['fields'] | readonly StoredCount[]): Generator<StoredCount> {
  if (!(counts instanceof Map)) yield* counts as readonly StoredCount[]
  else for (const [name, { checked, passed }] of counts) yield [name, checked, passed]
}

function added(
  sum: CheckCounts['fields'] | undefined,
  more: Iterable<StoredCount>,
): ReadonlyMap<string, PassedCount> {
  const total = new Map(sum)
  for (const [name, checked, passed] of more) {
    const before = total.get(name)
    total.set(name, {
      checked: (before?.checked ?? 0) + checked,
      passed: (before?.passed ?? 0) + passed,
    })
  }
  return total
}
