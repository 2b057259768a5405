import type { RawInput } from './fuzz-input.ts'
import { framed } from './grpc-frames.ts'
import { FLAG, FRAME, frame, headerBlock, PREFACE, uint32 } from './http2-frames.ts'
import { inferMessage } from './infer-message.ts'
import { mutateBytes } from './mutate-bytes.ts'
import type { Random } from './random.ts'

const EMPTY = new Uint8Array(0)
const SETTINGS = frame(FRAME.settings, 0, 0, EMPTY)
const CALL = headerBlock([
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/inference.GRPCInferenceService/ModelInfer'],
  [':authority', 'a'],
  ['te', 'trailers'],
  ['content-type', 'application/grpc'],
])

/** What follows a sound beginning of a connection. */
const SCRIPTS: readonly ((random: Random) => readonly Uint8Array[])[] = [
  random => [call(1, inferMessage(random))],
  // A call that opens, sends some of its message, and stays so.
  random => [open(1), data(1, framed(inferMessage(random)).subarray(0, random.below(40)))],
  random => [open(1), data(1, EMPTY, FLAG.endStream), data(1, random.bytes(10))],
  // Streams opened and reset as fast as they can be written.
  random =>
    repeat(random.below(300), index => [
      open(2 * index + 1),
      frame(FRAME.resetStream, 0, 2 * index + 1, uint32(8)),
    ]),
  random => repeat(random.below(100), index => [open(2 * index + 1)]),
  // Floods of what must be acknowledged.
  random => repeat(random.below(1500), () => [frame(FRAME.ping, 0, 0, Buffer.alloc(8))]),
  random => repeat(random.below(1500), () => [SETTINGS]),
  random => repeat(random.below(1500), () => [frame(FRAME.settings, FLAG.acknowledge, 0, EMPTY)]),
  random => [open(1), ...repeat(random.below(3000), () => [data(1, EMPTY)])],
  // A header block that never ends.
  random => [
    frame(FRAME.headers, 0, 1, CALL),
    ...repeat(random.below(40), () => [
      frame(FRAME.continuation, 0, 1, headerBlock([['x', 'y'.repeat(1000)]])),
    ]),
  ],
  random => [frame(FRAME.headers, FLAG.endHeaders, 1, random.bytes(random.size(300)))],
  random => [frame(FRAME.headers, FLAG.endHeaders, 1, mutateBytes(CALL, random, []))],
  random => [frame(FRAME.headers, FLAG.endHeaders, 1, strangeHeaders(random))],
  // A table of 4 GiB, and references into it.
  random => [
    frame(
      FRAME.headers,
      FLAG.endHeaders,
      1,
      Buffer.of(0x3f, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x80 | random.below(128)),
    ),
  ],
  random => [
    frame(FRAME.windowUpdate, 0, 0, uint32(random.pick([0, 1, 2 ** 31 - 1, 2 ** 32 - 1]))),
    call(1, EMPTY),
  ],
  random => [open(1), frame(FRAME.windowUpdate, 0, 1, uint32(random.pick([0, 2 ** 31 - 1]))), call(3, EMPTY)],
  random => [
    frame(FRAME.settings, 0, 0, Buffer.concat([Buffer.of(0, random.below(10)), uint32(random.next())])),
    call(1, EMPTY),
  ],
  // No window: the answer cannot be sent.
  () => [frame(FRAME.settings, 0, 0, Buffer.concat([Buffer.of(0, 4), uint32(0)])), call(1, EMPTY)],
  random => [
    open(1),
    frame(FRAME.data, FLAG.padded, 1, Buffer.concat([Buffer.of(random.below(256)), random.bytes(8)])),
  ],
  () => [call(5, EMPTY), call(3, EMPTY), call(2, EMPTY), call(0, EMPTY)],
  random => [frame(random.below(256), random.below(256), random.below(6), random.bytes(random.size(60)))],
  random => [
    frame(
      random.below(10),
      random.below(64),
      random.below(4),
      random.bytes(8),
      random.pick([0, 7, 9, 16_385, 2 ** 24 - 1]),
    ),
  ],
  random => [frame(FRAME.pushPromise, FLAG.endHeaders, 1, Buffer.concat([uint32(2), CALL])), random.bytes(9)],
  random => [frame(FRAME.goAway, 0, 0, uint32(0, random.below(15))), call(1, EMPTY)],
  random => [
    frame(FRAME.priority, 0, 1, Buffer.concat([uint32(1), Buffer.of(random.below(256))])),
    call(1, EMPTY),
  ],
  random => [
    open(1),
    data(1, random.bytes(random.below(16_384))),
    frame(FRAME.headers, FLAG.endHeaders, 1, CALL),
  ],
]

/** Bytes on the gRPC port: frames that HTTP/2 does not allow, floods, half a connection, or another protocol. */
export function rawHttp2Input(random: Random): RawInput {
  const isOtherProtocol = random.isOneIn(20)
  const beginning = random.isOneIn(20)
    ? PREFACE.subarray(0, random.below(PREFACE.length))
    : Buffer.concat([PREFACE, SETTINGS])
  const script = Buffer.concat(random.pick(SCRIPTS)(random))
  const frames = random.isOneIn(5) ? mutateBytes(script, random, []) : script
  const bytes = isOtherProtocol ? strangers(random) : Buffer.concat([beginning, frames])
  const half = random.below(bytes.length + 1)
  return {
    kind: 'raw',
    port: 'grpc',
    writes: random.isOneIn(3) ? [bytes.subarray(0, half), bytes.subarray(half)] : [bytes],
    ending: random.isOneIn(3) ? 'reset' : 'half-close',
  }
}

function open(stream: number): Buffer {
  return frame(FRAME.headers, FLAG.endHeaders, stream, CALL)
}

function data(stream: number, payload: Uint8Array, flags = 0): Buffer {
  return frame(FRAME.data, flags, stream, payload)
}

function call(stream: number, message: Uint8Array): Buffer {
  return Buffer.concat([open(stream), data(stream, framed(message).subarray(0, 16_384), FLAG.endStream)])
}

function repeat(count: number, make: (index: number) => readonly Uint8Array[]): readonly Uint8Array[] {
  return Array.from({ length: count }, (_, index) => make(index)).flat()
}

function strangeHeaders(random: Random): Buffer {
  const fields: readonly (readonly [string, string])[] = [
    ...([
      [':method', 'POST'],
      [':method', 'GET'],
      [':path', ''],
      [':path', '/a\u0000b'],
      [':status', '200'],
      [':authority', ''],
    ] as const),
    ...([
      ['connection', 'close'],
      ['Content-Type', 'application/grpc'],
      ['content-length', '5'],
      ['content-length', '-1'],
    ] as const),
    ...([
      ['te', 'gzip'],
      ['', 'a'],
      ['a b', 'c'],
      ['x', '\r\ny: z'],
      ['grpc-timeout', '1'],
      ['x', 'y'.repeat(9000)],
    ] as const),
    ...([
      [':scheme', 'http'],
      [':path', '/inference.GRPCInferenceService/ServerLive'],
      ['content-type', 'application/grpc'],
    ] as const),
  ]
  return headerBlock(fields.filter(() => random.isOneIn(2)))
}

function strangers(random: Random): Buffer {
  const texts = [
    'GET /v2 HTTP/1.1\r\nhost: a\r\n\r\n',
    '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003',
    '\r\n\r\n',
    '',
  ]
  return random.isOneIn(2) ? Buffer.from(random.pick(texts), 'latin1') : random.bytes(random.size(2000))
}
