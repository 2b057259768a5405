import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { inference } from '../index.ts'
import { checkIdPath, type IdPath, readId, writeId } from './id-path.ts'
import { modelMesh } from './messages.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 200 })
const filled = text.filter(value => value !== '')

/** Messages in which `[1]` is a text: what a client of V2 sends. */
const infer = fc
  .record({
    modelName: text,
    id: text,
    inputs: fc.array(fc.record({ name: text, datatype: text }), { maxLength: 3 }),
  })
  .map(value => create(inference.ModelInferRequestSchema, value))

/** `[2, 1]` is the type of the model of a registration. */
const registration = fc
  .record({
    modelId: text,
    loadNow: fc.boolean(),
    modelInfo: fc.option(fc.record({ type: text, path: text, key: text }), { nil: undefined }),
  })
  .map(({ modelInfo, ...rest }) =>
    create(modelMesh.RegisterModelRequestSchema, {
      ...rest,
      ...(modelInfo === undefined ? {} : { modelInfo }),
    }),
  )

suite('the path of an id', () => {
  test('reads and writes field 1, and leaves the rest as it is', () => {
    fc.assert(
      fc.property(infer, text, (message, id) => {
        const bytes = toBinary(inference.ModelInferRequestSchema, message)
        assert.equal(readId(bytes, [1]), message.modelName)
        const written = fromBinary(inference.ModelInferRequestSchema, writeId(bytes, [1], id))
        assert.deepEqual(written, create(inference.ModelInferRequestSchema, { ...message, modelName: id }))
      }),
    )
  })

  test('reads and writes a field of a message inside, and makes that if it is missing', () => {
    fc.assert(
      fc.property(registration, text, (message, id) => {
        const bytes = toBinary(modelMesh.RegisterModelRequestSchema, message)
        assert.equal(readId(bytes, [2, 1]), message.modelInfo?.type ?? '')
        const written = fromBinary(modelMesh.RegisterModelRequestSchema, writeId(bytes, [2, 1], id))
        const { modelInfo } = message
        assert.equal(written.modelId, message.modelId)
        assert.equal(written.loadNow, message.loadNow)
        assert.equal(written.modelInfo?.type, id)
        assert.equal(written.modelInfo?.path, modelInfo?.path ?? '')
        assert.equal(written.modelInfo?.key, modelInfo?.key ?? '')
      }),
    )
  })

  test('reads what it has written, at any depth, beside any fields', () => {
    const path = fc.array(fc.integer({ min: 1, max: 2 ** 29 - 1 }), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(path, filled, text, (at, first, second) => {
        const once = writeId(new Uint8Array(0), at, first)
        assert.equal(readId(once, at), first)
        assert.equal(readId(writeId(once, at, second), at), second)
      }),
    )
  })

  test('of a name that a message has twice nobody reads the old one', () => {
    fc.assert(
      fc.property(infer, infer, filled, (one, other, id) => {
        // Two messages behind each other are one in which every single field stands twice.
        const both = Buffer.concat(
          [one, other].map(message => toBinary(inference.ModelInferRequestSchema, message)),
        )
        const asRead = fromBinary(inference.ModelInferRequestSchema, both)
        assert.equal(readId(both, [1]), asRead.modelName)
        const written = writeId(both, [1], id)
        assert.deepEqual(
          fieldsOf(written, [1]),
          Array.from(fieldsOf(both, [1]), () => id).concat(fieldsOf(both, [1]).length === 0 ? [id] : []),
        )
        assert.equal(fromBinary(inference.ModelInferRequestSchema, written).modelName, id)
      }),
    )
  })

  test('of parents that a message has twice no one keeps the old name', () => {
    const twice = Buffer.concat([
      writeId(new Uint8Array(0), [1, 1], 'a'),
      writeId(new Uint8Array(0), [1, 1], 'b'),
    ])
    assert.equal(readId(twice, [1, 1]), 'b')
    const written = writeId(twice, [1, 1], 'long enough to need another length')
    assert.deepEqual(fieldsOf(written, [1, 1]), [
      'long enough to need another length',
      'long enough to need another length',
    ])
  })

  test('an empty parent gets the name, and stays one', () => {
    const empty = Uint8Array.from([0x0a, 0])
    assert.deepEqual([...writeId(empty, [1, 1], 'm')], [0x0a, 3, 0x0a, 1, 0x6d])
  })

  test('refuses another kind of field, groups, and bytes that are no message', () => {
    const cases: [bytes: number[], path: IdPath, message: RegExp][] = [
      [[0x08, 1], [1], /field 1 has wire type 0/],
      [[0x0d, 0, 0, 0, 0], [1, 1], /field 1 has wire type 5/],
      [[0x13, 0x14], [1], /wire type 3/],
      [[0x0a, 5, 1], [1], /only 1 are left/],
      [[0x0a, 2, 0x0a, 9], [1, 1], /only 0 are left/],
    ]
    for (const [bytes, path, message] of cases) {
      for (const refuse of [
        () => readId(Uint8Array.from(bytes), path),
        () => writeId(Uint8Array.from(bytes), path, 'm'),
      ])
        assert.throws(refuse, { code: 'INVALID_ARGUMENT', message })
    }
  })

  test('is checked', () => {
    for (const path of [[1], [1, 1], [2 ** 29 - 1]]) checkIdPath(path, 'p')
    for (const path of [[], [0], [-1], [1.5], [2 ** 29], Array.from({ length: 17 }, () => 1)]) {
      assert.throws(() => checkIdPath(path, 'idExtractionPath'), {
        code: 'INVALID_ARGUMENT',
        message: /^idExtractionPath is/,
      })
    }
  })
})

/** Every text at a path, in their order. */
function fieldsOf(bytes: Uint8Array, path: IdPath): string[] {
  const found: string[] = []
  let offset = 0
  const varint = () => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[offset++]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
  }
  while (offset < bytes.length) {
    const tag = varint()
    assert.equal(tag & 7, 2)
    const length = varint()
    const content = bytes.subarray(offset, offset + length)
    offset += length
    if (tag >>> 3 !== path[0]) continue
    if (path.length === 1) found.push(Buffer.from(content).toString())
    else found.push(...fieldsOf(content, path.slice(1)))
  }
  return found
}
