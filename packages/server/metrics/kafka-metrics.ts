import type { Registry } from 'prom-client'
import { readOnScrape } from './read-on-scrape.ts'

/** What the Kafka door has done since it started, and does now. */
export interface KafkaFigures {
  readonly consumed: number
  readonly answered: number
  readonly failed: number
  readonly inFlight: number
  readonly isConnected: boolean
}

/** Registers the metrics of the Kafka door; without a call there are none. */
export function exposeKafka(registry: Registry, figures: KafkaFigures): void {
  const metrics: readonly (readonly [string, string, 'counter' | 'gauge', () => number])[] = [
    ['kafka_records_consumed_total', 'Records taken from the input topic', 'counter', () => figures.consumed],
    ['kafka_records_answered_total', 'Records answered', 'counter', () => figures.answered],
    [
      'kafka_records_failed_total',
      'Records answered with an error, or gone to the dead-letter topic',
      'counter',
      () => figures.failed,
    ],
    ['kafka_records_in_progress', 'Records being answered', 'gauge', () => figures.inFlight],
    ['kafka_connected', 'Whether records are read', 'gauge', () => Number(figures.isConnected)],
  ]
  for (const [name, help, type, value] of metrics) {
    readOnScrape(registry, {
      name,
      help,
      type,
      *read() {
        yield { labels: {}, value: value() }
      },
    })
  }
}
