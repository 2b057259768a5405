import type { FuzzInput } from './inputs/fuzz-input.ts'
import { grpcSurfaceInput, modelInferInput, modelStreamInput } from './inputs/grpc-calls.ts'
import { Random } from './inputs/random.ts'
import { rawHttp2Input } from './inputs/raw-http2.ts'
import { rawRestInput } from './inputs/raw-rest.ts'
import { restBinaryInput } from './inputs/rest-binary.ts'
import { restJsonInput } from './inputs/rest-json.ts'
import { restSurfaceInput } from './inputs/rest-surface.ts'

export interface Phase {
  readonly name: string
  /** Clients at once; those of one port are fewer than the server takes, so that good requests always find room. */
  readonly clients: number
  /** The input number `index` of a run; the same for the same seed, whatever ran before. */
  make(seed: number, index: number): FuzzInput
}

/** Every way in, in the order of the report. */
export const PHASES: readonly Phase[] = [
  phase('rest-json', 6, restJsonInput),
  phase('rest-binary', 6, restBinaryInput),
  phase('rest-surface', 6, restSurfaceInput),
  phase('grpc-infer', 6, modelInferInput),
  phase('grpc-stream', 6, modelStreamInput),
  phase('grpc-surface', 6, grpcSurfaceInput),
  phase('raw-rest', 12, rawRestInput),
  phase('raw-http2', 12, rawHttp2Input),
]

function phase(
  name: string,
  clients: number,
  make: (random: Random, seed: number, index: number) => FuzzInput,
): Phase {
  return { name, clients, make: (seed, index) => make(new Random(seed, name, index), seed, index) }
}
