import {
  millracePython,
  millraceStockPackage,
  mlserverPythonWithoutWorker,
  mlserverPythonWithWorker,
} from '../contestants/python-classes.ts'
import { entry, type LoadScenario } from './load-scenario.ts'
import type { ProbeScenario } from './probe-scenario.ts'

export const pythonClass: LoadScenario = {
  kind: 'load',
  name: 'python-class',
  title: 'A Python class that reads and answers with an array; REST, JSON, 4 × FP32',
  connections: 32,
  streamsPerConnection: 1,
  entries: [millracePython, millraceStockPackage, mlserverPythonWithWorker, mlserverPythonWithoutWorker].map(
    contestant => entry(contestant, 'rest-json-small'),
  ),
  comparisons: [
    {
      of: millracePython.name,
      against: 'MLServer with one worker',
      candidates: [mlserverPythonWithWorker.name],
      by: 'throughput',
      target: 5,
    },
    {
      of: millraceStockPackage.name,
      against: 'MLServer with one worker',
      candidates: [mlserverPythonWithWorker.name],
      by: 'throughput',
      target: null,
    },
  ],
}

export const pythonCrossing: ProbeScenario = {
  kind: 'probe',
  name: 'python-crossing',
  title: 'The way to a Python process and back, without sockets of clients',
  program: 'python-crossing.ts',
  cores: 'all',
  figures: [
    {
      name: 'addedUs',
      what: 'small request, one at a time: time more than the call inside Python takes',
      unit: 'µs',
      atMost: 150,
    },
    { name: 'directUs', what: 'the call inside Python', unit: 'µs' },
    { name: 'requestsPerSecond', what: 'small requests, 16 at a time, one process', unit: 'requests/s' },
    { name: 'largeMs', what: '16 MiB there and the same back', unit: 'ms' },
    { name: 'copyMs', what: 'a copy of 16 MiB into fresh memory', unit: 'ms' },
  ],
}
