import { bareHttp } from '../contestants/bare-node.ts'
import { millraceEcho } from '../contestants/millrace.ts'
import { mlserverWithoutWorker, mlserverWithWorker } from '../contestants/mlserver.ts'
import { entry, type LoadScenario } from './load-scenario.ts'

export const restJsonSmall: LoadScenario = {
  kind: 'load',
  name: 'rest-json-small',
  title: 'REST, JSON, 4 × FP32',
  connections: 32,
  streamsPerConnection: 1,
  entries: [millraceEcho, bareHttp, mlserverWithoutWorker, mlserverWithWorker].map(contestant =>
    entry(contestant, 'rest-json-small'),
  ),
  comparisons: [
    { of: millraceEcho.name, against: 'bare node:http', candidates: [bareHttp.name], target: 0.7 },
    {
      of: millraceEcho.name,
      against: 'MLServer',
      candidates: [mlserverWithoutWorker.name, mlserverWithWorker.name],
      target: 8,
    },
  ],
}
