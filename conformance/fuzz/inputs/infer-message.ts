import { integer, key, lengthDelimited, nestedGroups, packed, text, varint } from './protobuf-bytes.ts'
import type { Random } from './random.ts'

/** Field numbers of `ModelInferRequest`. */
const REQUEST = {
  modelName: 1,
  modelVersion: 2,
  id: 3,
  parameters: 4,
  inputs: 5,
  outputs: 6,
  raw: 7,
} as const
const TENSOR = { name: 1, datatype: 2, shape: 3, parameters: 4, contents: 5 } as const

/** Datatypes with the field of `InferTensorContents` that holds them, and their bytes. */
const DATATYPES: readonly (readonly [name: string, field: number, bytes: number])[] = [
  ...([
    ['BOOL', 1, 1],
    ['INT8', 2, 1],
    ['INT16', 2, 2],
    ['INT32', 2, 4],
    ['INT64', 3, 8],
    ['UINT8', 4, 1],
  ] as const),
  ...([
    ['UINT16', 4, 2],
    ['UINT32', 4, 4],
    ['UINT64', 5, 8],
    ['FP32', 6, 4],
    ['FP64', 7, 8],
    ['BYTES', 8, 0],
  ] as const),
  ...([
    ['FP16', 6, 2],
    ['BF16', 6, 2],
    ['FP8', 6, 1],
  ] as const),
]
const FIXED_WIDTH: Readonly<Record<number, number>> = { 6: 4, 7: 8 }
const STRANGE_INTEGERS = [
  -1n,
  1n << 31n,
  1n << 32n,
  (1n << 63n) - 1n,
  1n << 63n,
  (1n << 64n) - 1n,
  1n << 53n,
  0n,
]
const STRANGE_TEXTS = ['', '\u0000', '__proto__', 'é', '\u2028', 'x'.repeat(3000), '../..', 'content_type']

/** A `ModelInferRequest` that is right in most places and wrong in any. */
export function inferMessage(random: Random): Buffer {
  const isRaw = random.isOneIn(2)
  const tensors = Array.from({ length: random.isOneIn(200) ? 1000 : 1 + random.below(3) }, () =>
    tensor(random, isRaw),
  )
  const fields = [
    text(
      REQUEST.modelName,
      random.isOneIn(30)
        ? random.pick(STRANGE_TEXTS)
        : random.pick(['echo', 'echo', 'echo', 'typed', 'row', 'joined', 'apart', 'kept']),
    ),
    text(REQUEST.id, random.isOneIn(10) ? random.pick(STRANGE_TEXTS) : 'id'),
    ...tensors.map(({ fields }) => lengthDelimited(REQUEST.inputs, Buffer.concat(fields))),
    ...tensors.flatMap(({ raw }) => (raw === undefined ? [] : [lengthDelimited(REQUEST.raw, raw)])),
  ]
  if (random.isOneIn(25)) fields.push(text(REQUEST.modelVersion, random.pick(['1', '', 'x'])))
  if (random.isOneIn(6)) fields.push(parameter(REQUEST.parameters, random))
  if (random.isOneIn(12))
    fields.push(lengthDelimited(REQUEST.outputs, Buffer.concat([text(1, 'input'), parameter(2, random)])))
  if (random.isOneIn(8)) fields.splice(random.below(fields.length + 1), 0, strangeField(random))
  if (random.isOneIn(20)) fields.reverse()
  return Buffer.concat(fields)
}

function tensor(
  random: Random,
  isRaw: boolean,
): { readonly fields: Buffer[]; readonly raw: Buffer | undefined } {
  const [datatype, field, elementBytes] = random.pick(DATATYPES)
  const shape = Array.from({ length: random.below(4) }, () => BigInt(random.below(4)))
  const count = Number(shape.reduce((product, extent) => product * extent, 1n)) + (random.isOneIn(40) ? 1 : 0)
  if (random.isOneIn(30)) shape.push(random.pick(STRANGE_INTEGERS))
  const fields = [
    text(TENSOR.name, random.pick(['input', 'row', 'numbers', 'label', 'when', 'bytes'])),
    text(TENSOR.datatype, datatype),
    random.isOneIn(3)
      ? Buffer.concat(shape.map(extent => integer(TENSOR.shape, extent)))
      : packed(TENSOR.shape, shape),
  ]
  if (random.isOneIn(8)) fields.push(parameter(TENSOR.parameters, random))
  // Both forms at once are forbidden, and so is neither.
  const isMixedUp = random.isOneIn(40)
  if (isRaw === isMixedUp) fields.push(lengthDelimited(TENSOR.contents, contents(field, count, random)))
  if (random.isOneIn(25)) fields.splice(random.below(fields.length + 1), 0, strangeField(random))
  const raw = elementBytes === 0 ? texts(count, random) : random.bytes(count * elementBytes)
  return { fields, raw: isRaw === isMixedUp ? undefined : raw }
}

function contents(field: number, count: number, random: Random): Buffer {
  const used = random.isOneIn(40) ? 1 + random.below(8) : field
  if (used === 8)
    return Buffer.concat(
      Array.from({ length: count }, () => lengthDelimited(8, random.bytes(random.size(20)))),
    )
  const width = FIXED_WIDTH[used]
  const elements = Array.from({ length: count }, () => {
    if (width !== undefined) return random.bytes(width)
    return random.isOneIn(40)
      ? varint(random.pick(STRANGE_INTEGERS), random.below(3))
      : varint(BigInt(random.below(2)))
  })
  if (random.isOneIn(3)) {
    const wireType = width === undefined ? 0 : width === 4 ? 5 : 1
    return Buffer.concat(elements.flatMap(element => [key(used, wireType), element]))
  }
  return lengthDelimited(used, Buffer.concat(elements))
}

function texts(count: number, random: Random): Buffer {
  return Buffer.concat(
    Array.from({ length: count }, () => {
      const content = random.bytes(random.size(16))
      const length = Buffer.alloc(4)
      length.writeUInt32LE(random.isOneIn(20) ? random.next() : content.length)
      return Buffer.concat([length, content])
    }),
  )
}

/** An entry of a map from names to parameters. */
function parameter(field: number, random: Random): Buffer {
  const values = [
    integer(1, random.pick([0n, 1n, 2n])),
    integer(2, random.pick(STRANGE_INTEGERS)),
    text(3, random.pick([...STRANGE_TEXTS, 'str', 'base64', 'datetime'])),
    Buffer.concat([key(4, 1), random.bytes(8)]),
    integer(5, random.pick(STRANGE_INTEGERS)),
    strangeField(random),
    Buffer.alloc(0),
  ]
  const name = random.pick([
    'content_type',
    'binary_data',
    'triton_enable_empty_final_response',
    ...STRANGE_TEXTS,
  ])
  return lengthDelimited(field, Buffer.concat([text(1, name), lengthDelimited(2, random.pick(values))]))
}

/** What no schema says: unknown fields, wrong wire types, lengths beyond the end, field number 0, groups. */
function strangeField(random: Random): Buffer {
  const field = random.pick([0, 1, 2, 3, 4, 5, 6, 7, 8, 100, 536_870_911])
  const makers: readonly (() => Buffer)[] = [
    () => Buffer.concat([key(field, random.below(8)), random.bytes(random.size(12))]),
    () => Buffer.concat([key(field, 2), varint(random.pick(STRANGE_INTEGERS)), random.bytes(4)]),
    () => Buffer.concat([key(field, 0), varint(random.pick(STRANGE_INTEGERS), random.below(12))]),
    () => nestedGroups(field, random.pick([1, 3, 100, 10_000]), random.isOneIn(2)),
    () => Buffer.concat([key(field, 4)]),
    () => Buffer.concat([key(field, 5), random.bytes(4)]),
    () => lengthDelimited(field, Buffer.from([0xff, 0xfe, 0xc0, 0x80])),
    () => Buffer.alloc(11, 0xff),
  ]
  return random.pick(makers)()
}
