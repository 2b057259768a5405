import { fileURLToPath } from 'node:url'
import { millrace } from '../contestants/millrace.ts'
import type { LoadScenario } from './load-scenario.ts'
import type { ProbeScenario } from './probe-scenario.ts'

const server = millrace('Millrace', fileURLToPath(new URL('../models-scheduling/', import.meta.url)))

export const batching: LoadScenario = {
  kind: 'load',
  name: 'batching',
  title: 'A model that takes 2 ms a call, however many rows',
  connections: 64,
  streamsPerConnection: 1,
  entries: [
    { label: 'batched', contestant: server, workload: 'rest-fixed-cost-batched' },
    { label: 'one by one', contestant: server, workload: 'rest-fixed-cost' },
  ],
  comparisons: [
    { of: 'batched', against: 'one by one', candidates: ['one by one'], by: 'throughput', target: 3 },
  ],
}

export const batchingLone: ProbeScenario = {
  kind: 'probe',
  name: 'batching-lone',
  title: 'A lone request to the same model',
  program: 'batching-lone.ts',
  cores: 'all',
  figures: [
    { name: 'addedMs', what: 'what batching adds to a lone request, median', unit: 'ms', atMost: 1 },
    { name: 'batchedMs', what: 'batched, median', unit: 'ms' },
    { name: 'singleMs', what: 'one by one, median', unit: 'ms' },
  ],
}
