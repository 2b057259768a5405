import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { create, toBinary } from '@bufbuild/protobuf'
import * as fc from 'fast-check'
import { ServingError } from '../../errors/index.ts'
import { type Tensor, toTensor } from '../../tensor/index.ts'
import {
  decodeGatewayRequest,
  decodePredictResponse,
  decodeRequestValues,
  decodeResponseValues,
  encodeGatewayRequest,
  encodePredictRequest,
  encodePredictResponse,
  GROUP_LIMITS,
  HYDROSPHERE_GENERATIONS,
  type HydrosphereGroup,
  type HydrosphereShapes,
  type HydrosphereValue,
  hydrosphereValueBytes,
  loadHydrosphereG2,
  loadHydrosphereG3,
} from '../index.ts'

const g2 = await loadHydrosphereG2()
const g3 = await loadHydrosphereG3()
const { DataType } = g2.tensor

const name = fc.string({ maxLength: 8 })
const tensor: fc.Arbitrary<HydrosphereValue> = fc.oneof(
  fc
    .tuple(name, fc.array(fc.double({ noNaN: true }), { maxLength: 3 }))
    .map(([name, data]) => toTensor({ name, datatype: 'FP64', shape: [data.length], data })),
  fc
    .tuple(name, fc.integer())
    .map(([name, value]) => toTensor({ name, datatype: 'INT32', shape: [], data: [value] })),
  fc
    .tuple(name, fc.array(fc.string({ maxLength: 5 }), { maxLength: 3 }))
    .map(([name, data]) => toTensor({ name, datatype: 'BYTES', shape: [data.length], data })),
  // Goes by reference.
  name.map(
    (name): Tensor => ({ name, datatype: 'FP32', shape: [5000], data: new Float32Array(5000).fill(1.5) }),
  ),
)
const { values } = fc.letrec<{ value: HydrosphereValue; values: HydrosphereValue[] }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tensor,
    fc.tuple(name, tie('values')).map(([name, members]) => ({ name, shape: [], objects: [members] })),
    fc
      .tuple(name, fc.array(tie('values'), { maxLength: 3 }))
      .map(([name, objects]) => ({ name, shape: [objects.length], objects })),
    fc
      .tuple(name, fc.array(fc.tuple(tie('values'), tie('values')), { maxLength: 2 }))
      .map(([name, rows]) => ({ name, shape: [rows.length, 2], objects: rows.flat() })),
  ),
  values: fc.uniqueArray(tie('value'), { maxLength: 3, selector: value => value.name }),
}))

/** Plain data, in which tensors that are the same are equal. */
function plain(values: readonly HydrosphereValue[]): unknown {
  return values.map(value =>
    value.datatype === undefined
      ? { ...value, objects: value.objects.map(plain) }
      : { ...value, data: Array.from(value.data as Iterable<unknown>, String) },
  )
}

const int = (name: string, ...data: number[]): Tensor =>
  toTensor({ name, datatype: 'INT32', shape: data.length === 1 ? [] : [data.length], data })
const group = (name: string, ...objects: HydrosphereValue[][]): HydrosphereGroup => ({
  name,
  shape: objects.length === 1 ? [] : [objects.length],
  objects,
})

suite('groups', () => {
  for (const generation of HYDROSPHERE_GENERATIONS) {
    test(`${generation}: what is written is read, in requests and responses`, () => {
      fc.assert(
        fc.property(values, values => {
          const request = Buffer.concat(encodePredictRequest({ modelName: 'm', inputs: values }, generation))
          assert.deepEqual(plain(decodeRequestValues(request, generation).request.inputs), plain(values))
          const response = Buffer.concat(encodePredictResponse(values, generation))
          assert.deepEqual(plain(decodeResponseValues(response, generation)), plain(values))
          if (generation === 'G1') return
          const asked = Buffer.concat(encodeGatewayRequest({ modelName: 'm', inputs: values }, generation))
          assert.deepEqual(plain(decodeGatewayRequest(asked, generation).inputs), plain(values))
        }),
        { numRuns: 50 },
      )
    })
  }

  test('are those of the generated messages', () => {
    const given = [group('person', [int('age', 3), group('pets', [int('legs', 4)], [int('legs', 2)])])]
    const legs = (count: number) => ({
      subtensors: { legs: { dtype: DataType.DT_INT32, tensorShape: {}, intVal: [count] } },
    })
    const age = { dtype: DataType.DT_INT32, tensorShape: {}, intVal: [3] }
    const { PredictResponseSchema } = g2.predict
    const pets = { dtype: DataType.DT_MAP, tensorShape: { dim: [{ size: 2n }] }, mapVal: [legs(4), legs(2)] }
    const person = { dtype: DataType.DT_MAP, tensorShape: {}, mapVal: [{ subtensors: { age, pets } }] }
    const theirs = toBinary(PredictResponseSchema, create(PredictResponseSchema, { outputs: { person } }))
    assert.deepEqual(Buffer.concat(encodePredictResponse(given, 'G2')), Buffer.from(theirs))
    assert.deepEqual(decodeResponseValues(theirs, 'G2'), given)

    const { PredictResponseSchema: NewerSchema } = g3.runtime
    const newer = {
      ...person,
      mapVal: [{ subtensors: { age, pets: { ...pets, tensorShape: { dims: [2n] } } } }],
    }
    const newest = toBinary(NewerSchema, create(NewerSchema, { outputs: { person: newer as never } }))
    assert.deepEqual(Buffer.concat(encodePredictResponse(given, 'G3')), Buffer.from(newest))
    assert.deepEqual(decodeResponseValues(newest, 'G3'), given)
  })

  test('without a shape take the declared one, and their members too', () => {
    const { PredictResponseSchema } = g2.predict
    const legs = { dtype: DataType.DT_INT32, intVal: [4] }
    // Nor does this one say that it is a map.
    const pets = { mapVal: [{ subtensors: { legs } }] }
    const bytes = toBinary(PredictResponseSchema, create(PredictResponseSchema, { outputs: { pets } }))
    assert.deepEqual(decodeResponseValues(bytes, 'G2'), [group('pets', [int('legs', 4)])])
    const declared: HydrosphereShapes = {
      shapes: new Map([['pets', [-1]]]),
      groups: new Map([['pets', { shapes: new Map([['legs', [-1, 1]]]), groups: new Map() }]]),
    }
    const [read] = decodeResponseValues(bytes, 'G2', declared) as HydrosphereGroup[]
    assert.deepEqual([read!.shape, read!.objects[0]![0]!.shape], [[1], [1, 1]])
  })

  test('have as many objects as their shape says', () => {
    const wrong = { ...group('pets', [int('legs', 4)]), shape: [3] }
    const bytes = Buffer.concat(encodePredictResponse([group('home', [wrong])], 'G3'))
    assert.throws(() => decodeResponseValues(bytes, 'G3'), {
      code: 'INVALID_ARGUMENT',
      message: "tensor 'home.pets' has 1 of map_val, which is not what its shape [3] says",
    })
  })

  test('whose members cannot be read are told by their path', () => {
    const odd = { name: 'age', datatype: 'INT32', shape: [3], data: Int32Array.of(1) } as const
    const bytes = Buffer.concat(encodePredictResponse([group('people', [int('age', 1)], [odd])], 'G3'))
    assert.throws(() => decodeResponseValues(bytes, 'G3'), { message: /^tensor 'people\[1\]\.age' has / })
  })

  test('are refused where there are tensors alone', () => {
    const bytes = Buffer.concat(encodePredictResponse([group('person', [int('age', 3)])], 'G3'))
    assert.throws(() => decodePredictResponse(bytes, 'G3'), {
      code: 'UNIMPLEMENTED',
      message: /^tensor 'person' has nested fields \(DT_MAP\)/,
    })
  })

  test('take as much memory as they have elements, and some more', () => {
    assert.equal(hydrosphereValueBytes([int('x', 1, 2)]), 8)
    assert.ok(hydrosphereValueBytes([group('g', [int('x', 1, 2)])]) > 100)
  })
})

/** A response with a group of groups, so many of them. */
function deep(depth: number): Buffer {
  let value: HydrosphereValue = int('x', 1)
  for (let level = 0; level < depth; level++) value = group('g', [value])
  return Buffer.concat(encodePredictResponse([value], 'G3'))
}

const empty = (name: string, count: number): HydrosphereGroup => ({
  name,
  shape: [count],
  objects: Array.from({ length: count }, () => []),
})

const refused = (bytes: Uint8Array, message: RegExp) =>
  assert.throws(() => decodeResponseValues(bytes, 'G3'), { code: 'INVALID_ARGUMENT', message })

suite('hostile groups', () => {
  test('may not lie too deep', () => {
    decodeResponseValues(deep(GROUP_LIMITS.depth), 'G3')
    refused(deep(GROUP_LIMITS.depth + 1), /lies deeper than 32 groups/)
    refused(deep(1000), /lies deeper than 32 groups/)
  })

  test('may not have too many objects, also of several groups', () => {
    const half = GROUP_LIMITS.objects / 2
    const encode = (count: number) =>
      Buffer.concat(encodePredictResponse([empty('a', half), empty('b', count)], 'G3'))
    decodeResponseValues(encode(half), 'G3')
    refused(encode(half + 1), /more than 20000 objects, the last of them in 'b'/)
  })

  test('may not have too many members', () => {
    const members = Array.from({ length: 11_000 }, (_, index) => int(String(index), 1))
    const objects = Array.from({ length: 10 }, () => members)
    const bytes = Buffer.concat(encodePredictResponse([{ name: 'a', shape: [10], objects }], 'G3'))
    refused(bytes, /more than 100000 members/)
  })

  test('of any bytes are read, or refused with an error that says why', () => {
    const broken = values.chain(values => {
      const whole = Buffer.concat(encodePredictResponse([group('g', values, values)], 'G3'))
      return fc
        .tuple(fc.nat({ max: Math.min(whole.length, 300) }), fc.nat({ max: 255 }))
        .map(([at, byte]) => {
          const damaged = new Uint8Array(whole)
          damaged[at] = byte
          return damaged
        })
    })
    fc.assert(
      fc.property(broken, bytes => {
        try {
          decodeResponseValues(bytes, 'G3')
        } catch (error) {
          assert.ok(ServingError.is(error), String(error))
          assert.ok(['INVALID_ARGUMENT', 'UNIMPLEMENTED'].includes(error.code))
        }
      }),
    )
  })
})
