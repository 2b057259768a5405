/** What calls of one servable, as part of one stage or by its own name, came to since the gateway began with it. */
export interface CallFigures {
  readonly labels: Readonly<Record<string, string>>
  requestCount: number
  /** Of all requests together. */
  latencyMs: number
  /** Calls that an endpoint had not looked at, and that another was asked for. */
  retryCount: number
  /** Calls that nobody waited for, and that were left out because the servable slept on. */
  asleepCount: number
  /** By error code. */
  readonly errorCounts: Map<string, number>
}

/** The figures of all servables and stages that the routing table has. */
export interface FigureTable {
  /** Always the same object for the same place. */
  of(servable: string, application?: string, stage?: string): CallFigures
  /** Forgets those that were not asked for since the last time: their place has gone. */
  prune(): void
  values(): Iterable<CallFigures>
}

export function createFigureTable(): FigureTable {
  const kept = new Map<string, CallFigures>()
  const wanted = new Set<string>()
  return {
    of(servable, application = '', stage = '') {
      // None of them can have this character.
      const key = `${application}\n${stage}\n${servable}`
      wanted.add(key)
      const known = kept.get(key)
      if (known !== undefined) return known
      const figures: CallFigures = {
        labels: { application, stage, servable },
        requestCount: 0,
        latencyMs: 0,
        retryCount: 0,
        asleepCount: 0,
        errorCounts: new Map(),
      }
      kept.set(key, figures)
      return figures
    },
    prune() {
      for (const key of kept.keys()) if (!wanted.has(key)) kept.delete(key)
      wanted.clear()
    },
    values: () => kept.values(),
  }
}
