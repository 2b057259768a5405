import type { GrpcLimits } from './grpc-types.ts'

const MAX_UINT32 = 2 ** 32 - 1
const MAX_INT32 = 2 ** 31 - 1

/** What the wire and node's timers can express. */
const LARGEST: { readonly [name in keyof GrpcLimits]: number } = {
  maxMessageBytes: MAX_UINT32,
  maxHeaderBytes: MAX_INT32,
  maxConcurrentCalls: Number.MAX_SAFE_INTEGER,
  maxConcurrentStreams: MAX_UINT32,
  maxInFlightBytes: Number.MAX_SAFE_INTEGER,
  maxConnections: Number.MAX_SAFE_INTEGER,
  requestTimeoutMs: MAX_INT32,
  streamIdleTimeoutMs: MAX_INT32,
}

/** @throws RangeError naming the first limit that would not limit anything */
export function checkLimits(limits: GrpcLimits): void {
  for (const [name, largest] of Object.entries(LARGEST)) {
    const value = limits[name as keyof GrpcLimits]
    if (Number.isInteger(value) && value >= 1 && value <= largest) continue
    throw new RangeError(`${name} is ${value}; allowed: an integer from 1 to ${largest}`)
  }
}
