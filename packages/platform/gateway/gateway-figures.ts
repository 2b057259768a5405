import type { CallFigures, FigureTable } from './call-figures.ts'

/** A number for whoever scrapes it. Fits what the server's metrics take. */
export interface GatewayFigure {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly read: () => Iterable<{ readonly labels: Readonly<Record<string, string>>; readonly value: number }>
}

interface Background {
  readonly runningCount: number
  readonly droppedCount: number
}

/** Of a servable that is asked by its own name, the labels `application` and `stage` are empty. */
export function gatewayFigures(
  table: FigureTable,
  background: Background,
  mayServablesSleep: boolean,
): readonly GatewayFigure[] {
  const ofCalls = (name: string, help: string, valueOf: (figures: CallFigures) => number): GatewayFigure => ({
    name,
    help,
    type: 'counter',
    *read() {
      for (const figures of table.values()) yield { labels: figures.labels, value: valueOf(figures) }
    },
  })
  return [
    ofCalls(
      'gateway_servable_requests_total',
      'Requests that servables were asked, by application and stage',
      ({ requestCount }) => requestCount,
    ),
    ofCalls(
      'gateway_servable_seconds_total',
      'Time that they took, all together; divided by the requests, the mean',
      ({ latencyMs }) => latencyMs / 1000,
    ),
    ofCalls(
      'gateway_servable_retries_total',
      'Requests that went to another replica because the first could not be connected to',
      ({ retryCount }) => retryCount,
    ),
    ...(mayServablesSleep
      ? [
          ofCalls(
            'gateway_servable_left_asleep_total',
            'Shadows and other variants that were left out because their servable slept, and had no room to be started',
            ({ asleepCount }) => asleepCount,
          ),
        ]
      : []),
    {
      name: 'gateway_servable_errors_total',
      help: 'Requests that failed, by error code',
      type: 'counter',
      *read() {
        for (const { labels, errorCounts } of table.values()) {
          for (const [code, value] of errorCounts) yield { labels: { ...labels, code }, value }
        }
      },
    },
    {
      name: 'gateway_background_calls',
      help: 'Variants that answer without being waited for',
      type: 'gauge',
      *read() {
        yield { labels: {}, value: background.runningCount }
      },
    },
    {
      name: 'gateway_dropped_calls_total',
      help: 'Shadows and other variants that were left out because too many were answering',
      type: 'counter',
      *read() {
        yield { labels: {}, value: background.droppedCount }
      },
    },
  ]
}
