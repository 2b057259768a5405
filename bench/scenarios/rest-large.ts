import { bareHttp } from '../contestants/bare-node.ts'
import { millraceEcho } from '../contestants/millrace.ts'
import { mlserverWithoutWorker } from '../contestants/mlserver.ts'
import type { Entry, LoadScenario } from './load-scenario.ts'

const entries = [millraceEcho, bareHttp, mlserverWithoutWorker].flatMap((contestant): Entry[] => [
  { label: `${contestant.name}, binary`, contestant, workload: 'rest-binary-1mib' },
  { label: `${contestant.name}, JSON`, contestant, workload: 'rest-json-1mib' },
])
const [binary, json, bareBinary, bareJson, mlserverBinary, mlserverJson] = entries.map(
  ({ label }) => label,
) as [string, string, string, string, string, string]

export const restLarge: LoadScenario = {
  kind: 'load',
  name: 'rest-large',
  title: 'REST, 1 MiB of FP32, binary and JSON',
  connections: 2,
  streamsPerConnection: 1,
  entries,
  comparisons: [
    { of: binary, against: json, candidates: [json], target: 5 },
    { of: binary, against: bareBinary, candidates: [bareBinary], target: null },
    { of: json, against: bareJson, candidates: [bareJson], target: null },
    { of: binary, against: mlserverBinary, candidates: [mlserverBinary], target: null },
    { of: json, against: mlserverJson, candidates: [mlserverJson], target: null },
  ],
}
