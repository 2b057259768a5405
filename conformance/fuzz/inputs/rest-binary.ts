import { deflateSync, gzipSync } from 'node:zlib'
import type { RestInput } from './fuzz-input.ts'
import { mutateBytes } from './mutate-bytes.ts'
import type { Random } from './random.ts'
import { MODELS } from './rest-json.ts'

const ELEMENT_BYTES: Readonly<Record<string, number>> = {
  BOOL: 1,
  UINT8: 1,
  INT16: 2,
  FP16: 2,
  BF16: 2,
  FP32: 4,
  INT64: 8,
  FP64: 8,
}
const DATATYPES = [...Object.keys(ELEMENT_BYTES), 'BYTES']
const STRANGE_SIZES = [-1, 0.5, 1, 2 ** 31, 2 ** 32, 2 ** 53, Number.MAX_VALUE, '4', null, true, [4]]
const STRANGE_HEADERS = [
  '',
  '-1',
  '1e3',
  '0x10',
  '99999999999999999999',
  '4294967296',
  ' 1',
  '1, 2',
  'NaN',
  '0',
]

/** JSON with binary tensors behind it: wrong sizes, wrong headers, wrong bytes, compressed or not. */
export function restBinaryInput(random: Random): RestInput {
  const { json, chunks } = request(random)
  const body = Buffer.concat([json, ...chunks])
  const isMutated = random.isOneIn(4)
  const content = isMutated ? mutateBytes(body, random, []) : body
  const headers: [string, string][] = [['content-type', 'application/octet-stream']]
  if (!random.isOneIn(40)) headers.push(['inference-header-content-length', jsonLength(json.length, random)])
  const encoding = random.isOneIn(8)
    ? random.pick(['gzip', 'deflate', 'br', 'identity', 'gzip, gzip'])
    : undefined
  if (encoding !== undefined) headers.push(['content-encoding', encoding])
  return {
    kind: 'rest',
    method: 'POST',
    target: `/v2/models/${random.pick(MODELS)}/${random.isOneIn(10) ? 'infer_stream' : 'infer'}`,
    headers,
    body: encoding === undefined ? content : encode(content, encoding, random),
    ...(random.isOneIn(4) ? { chunkBytes: 1 + random.size(2000) } : {}),
  }
}

function request(random: Random): { readonly json: Buffer; readonly chunks: readonly Buffer[] } {
  const chunks: Buffer[] = []
  const inputs = Array.from({ length: 1 + random.below(3) }, () => {
    const datatype = random.pick(DATATYPES)
    const shape = Array.from({ length: random.below(4) }, () => random.below(5))
    const count = shape.reduce((product, extent) => product * extent, 1)
    const chunk =
      datatype === 'BYTES' ? texts(count, random) : random.bytes(count * (ELEMENT_BYTES[datatype] ?? 1))
    chunks.push(chunk)
    const size = random.isOneIn(30)
      ? random.pick(STRANGE_SIZES)
      : chunk.length + (random.isOneIn(30) ? random.below(9) - 4 : 0)
    const parameters = {
      binary_data_size: size,
      ...(random.isOneIn(12) ? { binary_data: random.isOneIn(2) } : {}),
    }
    return { name: random.pick(['input', 'row', 'numbers', 'label']), datatype, shape, parameters }
  })
  const parameters = random.isOneIn(3)
    ? { binary_data_output: random.pick([true, true, false, false, 1, 'yes']) }
    : undefined
  return { json: Buffer.from(JSON.stringify({ parameters, inputs })), chunks }
}

/** Elements with their lengths before them, some of which lie. */
function texts(count: number, random: Random): Buffer {
  const pieces = Array.from({ length: count }, () => {
    const text = random.bytes(random.size(20))
    const length = Buffer.alloc(4)
    length.writeUInt32LE(random.isOneIn(50) ? random.next() : text.length)
    return Buffer.concat([length, text])
  })
  return Buffer.concat(pieces)
}

function jsonLength(length: number, random: Random): string {
  if (random.isOneIn(20)) return random.pick(STRANGE_HEADERS)
  return String(random.isOneIn(20) ? Math.max(0, length + random.below(9) - 4) : length)
}

function encode(content: Buffer, encoding: string, random: Random): Buffer {
  if (random.isOneIn(4)) return content
  // Far more than the server holds, in a few hundred bytes.
  const plain = random.isOneIn(6) ? Buffer.alloc(1_000_000) : content
  const encoded = encoding.startsWith('gzip') ? gzipSync(plain) : deflateSync(plain)
  return random.isOneIn(3) ? mutateBytes(encoded, random, []) : encoded
}
