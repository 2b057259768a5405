import { grpcHandCodec, grpcProtoLoader } from '../contestants/bare-node.ts'
import { millraceEcho } from '../contestants/millrace.ts'
import { mlserverWithoutWorker, mlserverWithWorker } from '../contestants/mlserver.ts'
import { entry, type LoadScenario } from './load-scenario.ts'

const MLSERVER = [mlserverWithoutWorker.name, mlserverWithWorker.name]

/** One call at a time on each of many connections: what every call costs when nothing can be shared. */
export const grpcSmall: LoadScenario = {
  kind: 'load',
  name: 'grpc-small',
  title: 'gRPC, raw, 4 × FP32, one call on each of many connections',
  connections: 64,
  streamsPerConnection: 1,
  entries: [millraceEcho, grpcHandCodec, grpcProtoLoader, mlserverWithoutWorker, mlserverWithWorker].map(
    contestant => entry(contestant, 'grpc-raw-small'),
  ),
  comparisons: [
    { of: millraceEcho.name, against: grpcHandCodec.name, candidates: [grpcHandCodec.name], target: 0.85 },
    {
      of: millraceEcho.name,
      against: grpcProtoLoader.name,
      candidates: [grpcProtoLoader.name],
      target: null,
    },
    { of: millraceEcho.name, against: 'MLServer', candidates: MLSERVER, target: 6 },
  ],
}

/** Many calls at a time on few connections: reads and writes are shared, what is left is the call itself. */
export const grpcSmallMultiplexed: LoadScenario = {
  ...grpcSmall,
  name: 'grpc-small-multiplexed',
  title: 'gRPC, raw, 4 × FP32, many calls on few connections',
  connections: 4,
  streamsPerConnection: 32,
  entries: [millraceEcho, grpcHandCodec, mlserverWithoutWorker].map(contestant =>
    entry(contestant, 'grpc-raw-small'),
  ),
  comparisons: [
    { of: millraceEcho.name, against: grpcHandCodec.name, candidates: [grpcHandCodec.name], target: null },
    { of: millraceEcho.name, against: 'MLServer', candidates: MLSERVER, target: null },
  ],
}
