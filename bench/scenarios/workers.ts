import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { millrace } from '../contestants/millrace.ts'
import type { LoadScenario } from './load-scenario.ts'
import type { ProbeScenario } from './probe-scenario.ts'

const MODELS = fileURLToPath(new URL('../models-scheduling/', import.meta.url))
const CORES = availableParallelism()

function withWorkers(count: number) {
  const label = count === 1 ? '1 worker' : `${count} workers`
  return {
    label,
    contestant: millrace(label, MODELS, {
      environment: { MLSERVER_PARALLEL_WORKERS: String(count) },
      cores: 'all',
    }),
    workload: 'rest-cpu-bound',
  } as const
}

export const workers: LoadScenario = {
  kind: 'load',
  name: 'workers',
  title: `A model that computes for some milliseconds, on ${CORES} cores`,
  connections: 16,
  streamsPerConnection: 1,
  entries: [withWorkers(4), withWorkers(1)],
  comparisons: [
    {
      of: '4 workers',
      against: '1 worker',
      candidates: ['1 worker'],
      by: 'throughput',
      target: 0.9 * Math.min(4, CORES),
    },
  ],
}

export const workerCrossing: ProbeScenario = {
  kind: 'probe',
  name: 'worker-crossing',
  title: 'The way to a worker and back, without sockets',
  program: 'worker-crossing.ts',
  cores: 'all',
  figures: [
    {
      name: 'smallCpuUs',
      what: 'CPU that a small request costs more than in the server, both sides',
      unit: 'µs',
      atMost: 40,
    },
    {
      name: 'smallRoundTripUs',
      what: 'small request, one at a time: time more than in the server',
      unit: 'µs',
    },
    { name: 'largeAgainstCopy', what: '16 MiB to a worker against a copy of 16 MiB', unit: '×', atMost: 1.2 },
    { name: 'largeMs', what: '16 MiB to a worker, with a small answer', unit: 'ms' },
    { name: 'copyMs', what: 'a copy of 16 MiB into fresh memory', unit: 'ms' },
    { name: 'echoMs', what: '16 MiB to a worker and the same back', unit: 'ms' },
  ],
}
