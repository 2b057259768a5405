import type { Registry } from 'prom-client'
import type { ModelStatistics } from './model-statistics.ts'
import { readOnScrape, type Sample } from './read-on-scrape.ts'

/** What is shown under one set of labels. */
interface Inferences {
  readonly labels: Sample['labels']
  readonly value: ModelStatistics
}

/** MLServer's metrics of inference requests. */
export function exposeInferences(registry: Registry, read: () => Iterable<Inferences>): void {
  readOnScrape(registry, {
    name: 'model_infer_request_success_total',
    help: 'Inference requests answered',
    type: 'counter',
    *read() {
      for (const { labels, value } of read()) yield { labels, value: value.success.count }
    },
  })
  readOnScrape(registry, {
    name: 'model_infer_request_failure_total',
    help: 'Inference requests that failed',
    type: 'counter',
    *read() {
      for (const { labels, value } of read()) yield { labels, value: value.failure.count }
    },
  })
  readOnScrape(registry, {
    name: 'model_infer_request_duration',
    help: 'Seconds that inference requests took, failed ones included',
    type: 'summary',
    *read() {
      for (const { labels, value } of read()) {
        const { success, failure } = value
        yield { suffix: '_sum', labels, value: (success.ns + failure.ns) / 1e9 }
        yield { suffix: '_count', labels, value: success.count + failure.count }
      }
    },
  })
}
