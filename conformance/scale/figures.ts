/** The value at a share of sorted values; NaN of none. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN
  return sorted[Math.min(Math.ceil(sorted.length * share), sorted.length) - 1] ?? sorted[0]!
}

export function sorted(values: Iterable<number>): Float64Array {
  return Float64Array.from(values).sort()
}

/** `p50 1.2 ms, p99 3.4 ms`, of values in milliseconds. */
export function percentiles(values: Iterable<number>): string {
  const ordered = sorted(values)
  return `p50 ${ms(quantile(ordered, 0.5))}, p99 ${ms(quantile(ordered, 0.99))}`
}

export function ms(value: number): string {
  return Number.isNaN(value) ? '-' : `${value.toFixed(value < 10 ? 2 : 1)} ms`
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`
}

export function met(isMet: boolean): string {
  return isMet ? 'met' : 'NOT MET'
}

/** All samples of a Prometheus exposition, by name with labels. */
export function readExposition(text: string): ReadonlyMap<string, number> {
  const samples = new Map<string, number>()
  for (const line of text.split('\n')) {
    const end = line.lastIndexOf(' ')
    if (line !== '' && !line.startsWith('#')) samples.set(line.slice(0, end), Number(line.slice(end + 1)))
  }
  return samples
}
