import { grpcHandCodec, grpcProtoLoader } from '../contestants/bare-node.ts'
import { millraceEcho } from '../contestants/millrace.ts'
import { mlserverWithoutWorker } from '../contestants/mlserver.ts'
import { entry, type LoadScenario } from './load-scenario.ts'

export const grpcLarge: LoadScenario = {
  kind: 'load',
  name: 'grpc-large',
  title: 'gRPC, raw, 1 MiB of FP32',
  connections: 2,
  streamsPerConnection: 2,
  entries: [millraceEcho, grpcProtoLoader, grpcHandCodec, mlserverWithoutWorker].map(contestant =>
    entry(contestant, 'grpc-raw-1mib'),
  ),
  comparisons: [
    { of: millraceEcho.name, against: grpcProtoLoader.name, candidates: [grpcProtoLoader.name], target: 1.7 },
    { of: millraceEcho.name, against: grpcHandCodec.name, candidates: [grpcHandCodec.name], target: null },
    { of: millraceEcho.name, against: 'MLServer', candidates: [mlserverWithoutWorker.name], target: null },
  ],
}
