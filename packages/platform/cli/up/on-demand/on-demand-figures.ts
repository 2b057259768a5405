import type { ModelCache } from '@millrace/server'

/** A number for whoever scrapes it. */
export interface OnDemandFigure {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly read: () => Iterable<{ readonly labels: Readonly<Record<string, string>>; readonly value: number }>
}

type Counted = Pick<ModelCache, 'figures'>

/** How the budget of servables is used. */
export function onDemandFigures(
  cache: Counted,
  servables: () => Iterable<{ readonly isAsleep: boolean }>,
): readonly OnDemandFigure[] {
  const one = (
    name: string,
    help: string,
    type: OnDemandFigure['type'],
    read: () => number,
  ): OnDemandFigure => ({
    name: `millrace_servable_memory_${name}`,
    help,
    type,
    read: () => [{ labels: {}, value: read() }],
  })
  return [
    one('budget_bytes', 'Memory that servables may take', 'gauge', () => cache.figures.budgetBytes),
    one(
      'used_bytes',
      'Memory of servables that run, are being started, or have not ended yet',
      'gauge',
      () => cache.figures.usedBytes,
    ),
    one(
      'lost_bytes',
      'Memory of servables that could not be stopped, by which the budget is smaller',
      'gauge',
      () => cache.figures.lostBytes,
    ),
    one('awake', 'Servables that run', 'gauge', () => cache.figures.loadedModels),
    one('asleep', 'Servables that the next request starts', 'gauge', () => {
      let count = 0
      for (const { isAsleep } of servables()) if (isAsleep) count++
      return count
    }),
    one('waiting_requests', 'Requests that wait for a servable', 'gauge', () => cache.figures.waiting),
    one('hits_total', 'Requests whose servable ran', 'counter', () => cache.figures.hits),
    one('misses_total', 'Requests whose servable had to be started', 'counter', () => cache.figures.misses),
    one('start_failures_total', 'Starts that have failed', 'counter', () => cache.figures.loadFailures),
    {
      name: 'millrace_servable_memory_evictions_total',
      help: 'Servables that were stopped, by reason',
      type: 'counter',
      *read() {
        for (const [reason, value] of Object.entries(cache.figures.evictions))
          yield { labels: { reason }, value }
      },
    },
  ]
}
