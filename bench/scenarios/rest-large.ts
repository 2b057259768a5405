import { bareHttp } from '../contestants/bare-node.ts'
import type { Contestant } from '../contestants/contestant.ts'
import { millraceEcho } from '../contestants/millrace.ts'
import { mlserverWithoutWorker } from '../contestants/mlserver.ts'
import type { Entry, LoadScenario } from './load-scenario.ts'

function binary(contestant: Contestant): Entry {
  return { label: `${contestant.name}, binary`, contestant, workload: 'rest-binary-1mib' }
}

function json(contestant: Contestant): Entry {
  return { label: `${contestant.name}, JSON`, contestant, workload: 'rest-json-1mib' }
}

const ours = { binary: binary(millraceEcho), json: json(millraceEcho) }
const bare = { binary: binary(bareHttp), json: json(bareHttp) }
/** MLServer has no binary tensor data over REST. */
const mlserver = { json: json(mlserverWithoutWorker) }

export const restLarge: LoadScenario = {
  kind: 'load',
  name: 'rest-large',
  title: 'REST, 1 MiB of FP32, binary and JSON',
  connections: 2,
  streamsPerConnection: 1,
  entries: [ours.binary, ours.json, bare.binary, bare.json, mlserver.json],
  comparisons: [
    { of: ours.binary.label, against: ours.json.label, candidates: [ours.json.label], target: 5 },
    { of: ours.binary.label, against: bare.binary.label, candidates: [bare.binary.label], target: null },
    { of: ours.json.label, against: bare.json.label, candidates: [bare.json.label], target: null },
    { of: ours.json.label, against: mlserver.json.label, candidates: [mlserver.json.label], target: null },
  ],
}
