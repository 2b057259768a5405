import type { RawInput } from './fuzz-input.ts'
import { mutateBytes } from './mutate-bytes.ts'
import type { Random } from './random.ts'

const BODY = '{"inputs":[{"name":"input","shape":[1],"datatype":"FP32","data":[1]}]}'
const INFER = 'POST /v2/models/echo/infer HTTP/1.1\r\nhost: a\r\n'
const GOOD = `${INFER}content-length: ${BODY.length}\r\n\r\n${BODY}`
const CHUNKED = `${INFER}transfer-encoding: chunked\r\n\r\n`

/** Whole connections: what a client, a broken proxy or an attacker might send. None asks for HEAD, whose answers have no bodies. */
const SCRIPTS: readonly ((random: Random) => string)[] = [
  () => GOOD,
  () => GOOD.repeat(3),
  random => `${GOOD}GET /v2 HTTP/1.1\r\nhost: a\r\n\r\n`.repeat(random.below(40)),
  random => GOOD.slice(0, random.below(GOOD.length)),
  // Lengths that are none, too long, too short, given twice.
  random =>
    `${INFER}content-length: ${random.pick(['-1', '0x5', '99999999999999999999', '1e3', '', ' ', '5, 5', '70000'])}\r\n\r\n${BODY}`,
  random => `${INFER}content-length: ${random.below(200)}\r\n\r\n${BODY}`,
  random => `${INFER}content-length: 5\r\ncontent-length: ${random.below(9)}\r\n\r\n${BODY}`,
  random =>
    `${INFER}content-length: 5\r\ntransfer-encoding: ${random.pick(['chunked', 'identity', 'gzip, chunked', 'chunked, chunked', ' chunked'])}\r\n\r\n0\r\n\r\n`,
  // Chunks.
  () => `${CHUNKED}${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`,
  random =>
    `${CHUNKED}${random.pick(['-1', 'zz', 'ffffffffffffffff', '7fffffff', '0x5', '5;a=b', '5 ', ''])}\r\n${BODY}\r\n0\r\n\r\n`,
  random => `${CHUNKED}${`1\r\n${random.pick(['{', ' '])}\r\n`.repeat(random.below(500))}0\r\n\r\n`,
  random => `${CHUNKED}5;${'a'.repeat(random.below(20_000))}\r\n{"a":\r\n`,
  random => `${CHUNKED}0\r\n${'x-trailer: y\r\n'.repeat(random.below(1200))}\r\n`,
  random => `${CHUNKED}10000\r\n${' '.repeat(65_536)}\r\n1000\r\n${' '.repeat(random.below(4096))}`,
  // Heads.
  random => `GET /v2 HTTP/1.1\r\nhost: a\r\n${'x-a: b\r\n'.repeat(random.below(2000))}\r\n`,
  random => `GET /v2 HTTP/1.1\r\nhost: a\r\nx-a: ${'b'.repeat(random.below(20_000))}`,
  random => `GET /${'a'.repeat(random.below(20_000))} HTTP/1.1\r\nhost: a\r\n\r\n`,
  random =>
    `GET /v2 HTTP/${random.pick(['1.0', '0.9', '2.0', '1.2', '11.1', 'x'])}\r\n${random.pick(['', 'host: a\r\n', 'connection: keep-alive\r\n'])}\r\n`,
  random =>
    `GET /v2 HTTP/1.1\r\n${random.pick(['', 'host: a\r\nhost: b\r\n', ' host: a\r\n', 'host : a\r\n', 'host: a\r\n folded\r\n', ':\r\n', 'a\r\n', 'x: \u0000\r\n', 'x: a\nb: c\n'])}\r\n`,
  random =>
    `${random.pick(['CONNECT a:1', 'CONNECT', 'PRI *', 'OPTIONS *', 'G\u0000T /', 'GET', '', '\r\n\r\nGET /v2'])} HTTP/1.1\r\nhost: a\r\n\r\n`,
  random =>
    `GET /v2 HTTP/1.1\r\nhost: a\r\nconnection: ${random.pick(['upgrade', 'close', 'keep-alive, close', 'x'])}\r\nupgrade: ${random.pick(['h2c', 'websocket', ''])}\r\n\r\n${GOOD}`,
  random =>
    `${INFER}expect: ${random.pick(['100-continue', 'x'])}\r\ncontent-length: ${BODY.length}\r\n\r\n${random.isOneIn(2) ? BODY : ''}`,
  () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  // TLS's first bytes, and a line of nothing.
  () => '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003',
  random => '\r\n'.repeat(random.below(5000)),
]

/** Bytes on the REST port: pipelined, half, framed wrongly, or no HTTP at all. */
export function rawRestInput(random: Random): RawInput {
  const script = Buffer.from(random.pick(SCRIPTS)(random), 'latin1')
  const mutated = random.isOneIn(3) ? mutateBytes(script, random, []) : script
  const bytes = random.isOneIn(25) ? random.bytes(random.size(3000)) : mutated
  const half = random.below(bytes.length + 1)
  return {
    kind: 'raw',
    port: 'rest',
    writes: random.isOneIn(3) ? [bytes.subarray(0, half), bytes.subarray(half)] : [bytes],
    ending: random.isOneIn(4) ? 'reset' : random.isOneIn(60) ? 'wait' : 'half-close',
  }
}
