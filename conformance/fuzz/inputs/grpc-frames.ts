import { deflateSync, gzipSync } from 'node:zlib'
import { mutateBytes } from './mutate-bytes.ts'
import type { Random } from './random.ts'

/** A message with its prefix: one byte of flags, four of length (gRPC over HTTP/2, "Length-Prefixed-Message"). */
export function framed(message: Uint8Array, flags = 0, length = message.length): Buffer {
  const prefix = Buffer.alloc(5)
  prefix.writeUInt8(flags, 0)
  prefix.writeUInt32BE(length >>> 0, 1)
  return Buffer.concat([prefix, message])
}

export interface Framed {
  readonly bytes: Buffer
  /** What the call's `grpc-encoding` says. */
  readonly encoding: string | undefined
}

/** A message in a frame that is sound most of the time. */
export function mostlySound(message: Buffer, random: Random): Framed {
  if (random.isOneIn(8)) return compressed(message, random)
  if (!random.isOneIn(15)) return { bytes: framed(message), encoding: undefined }
  const makers: readonly (() => Buffer)[] = [
    () => framed(message, random.below(256)),
    () => framed(message, 0, message.length + random.below(9) - 4),
    () => framed(message, 0, random.pick([0, 1, 65_536, 65_537, 2 ** 31, 2 ** 32 - 1])),
    () => framed(message).subarray(0, random.below(message.length + 5)),
    () => Buffer.concat([framed(message), framed(message)]),
    () => Buffer.concat([framed(message), random.bytes(1 + random.below(8))]),
    () => Buffer.alloc(0),
    () => random.bytes(random.size(200)),
  ]
  return { bytes: random.pick(makers)(), encoding: undefined }
}

function compressed(message: Buffer, random: Random): Framed {
  const encoding = random.pick([
    'gzip',
    'gzip',
    'deflate',
    'deflate',
    'identity',
    'snappy',
    'GZIP',
    undefined,
  ])
  // A megabyte of zeros in a thousand bytes: more than the server takes.
  const plain = random.isOneIn(8) ? Buffer.alloc(1_000_000) : message
  const sound = encoding === 'deflate' ? deflateSync(plain) : gzipSync(plain)
  const content = random.isOneIn(3) ? mutateBytes(sound, random, []) : sound
  return { bytes: framed(content, random.isOneIn(8) ? 0 : 1), encoding }
}

/** Cuts bytes anywhere, so that prefixes and messages come in pieces. */
export function cut(bytes: Buffer, random: Random): Buffer[] {
  if (bytes.length < 2 || random.isOneIn(2)) return [bytes]
  const places = Array.from({ length: 1 + random.below(4) }, () => random.below(bytes.length)).toSorted(
    (a, b) => a - b,
  )
  return [0, ...places].map((start, index) => bytes.subarray(start, places[index] ?? bytes.length))
}
