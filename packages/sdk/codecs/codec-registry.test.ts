import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exampleInputs } from '../contract/index.ts'
import { readBase64 } from './bytes-codecs.ts'
import {
  codecFor,
  findCodec,
  findRequestCodec,
  recogniseCodec,
  recogniseRequestCodec,
  registerCodec,
  registerRequestCodec,
  requestCodecFor,
} from './codec-registry.ts'
import { DataFrame } from './data-frame.ts'
import { encodedImage } from './encoded-image.ts'
import { IMAGES } from './image-fixture.ts'
import { NdArray } from './nd-array.ts'
import type { RequestCodec } from './request-codec.ts'
import type { TensorCodec } from './tensor-codec.ts'

/** Keeps one number `scale` times as large. */
function scaledCodec(scale: number): TensorCodec<number> {
  return {
    contentType: 'test-scaled',
    canEncode: (value): value is number => typeof value === 'number',
    encode: (name, value) => ({ name, datatype: 'FP64', shape: [1], data: Float64Array.of(value * scale) }),
    decode: tensor => Number(tensor.datatype === 'FP64' && tensor.data[0]) / scale,
  }
}

const CONTENT_TYPES = [
  'np',
  'str',
  'base64',
  'datetime',
  'pillow_image',
  'raw',
  'pd_json',
  'json',
  'hg_json',
  'hg_jsonlist',
  'hg_conversation',
  'nplist',
]
const BYTES_ONLY = CONTENT_TYPES.filter(contentType => codecFor(contentType).datatype === 'BYTES')

test('knows the built-in content types', () => {
  for (const contentType of CONTENT_TYPES) {
    assert.equal(codecFor(contentType).contentType, contentType)
    assert.equal(findCodec(contentType), codecFor(contentType))
  }
  for (const contentType of ['pd', 'np', 'str', 'dict', 'hf']) {
    assert.equal(requestCodecFor(contentType).contentType, contentType)
    assert.equal(findRequestCodec(contentType), requestCodecFor(contentType))
  }
})

test('says which content types it knows', () => {
  assert.equal(findCodec('nosuch'), undefined)
  assert.throws(() => codecFor('nosuch'), {
    code: 'INVALID_ARGUMENT',
    message:
      /^content type 'nosuch' is not known; known are 'np', 'str', 'base64', 'datetime', 'pillow_image', 'raw'/,
  })
  assert.throws(() => requestCodecFor('nosuch', 'the request'), {
    code: 'INVALID_ARGUMENT',
    message: "the request: content type 'nosuch' is not known; known are 'pd', 'np', 'str', 'dict', 'hf'",
  })
})

test('says of a content type of the other kind what it is for', () => {
  assert.throws(() => codecFor('pd', "input 'x'"), {
    message: /^input 'x': content type 'pd' is for a whole message, not for one tensor; known are 'np'/,
  })
  assert.throws(() => requestCodecFor('base64'), {
    message: /^content type 'base64' is for one tensor, not for a whole message; known are 'pd'/,
  })
})

test('a value shows its codec, the first that takes it', () => {
  const cases: [unknown, string | undefined][] = [
    [NdArray.of('FP32', [1], [1]), 'np'],
    [Float32Array.of(1), 'np'],
    [[[1, 2]], 'np'],
    [[], 'np'],
    [['a'], 'str'],
    [[Uint8Array.of(1)], 'base64'],
    [[new Date(0)], 'datetime'],
    [[encodedImage(IMAGES.png.bytes)], 'pillow_image'],
    ['a', 'raw'],
    [5, 'raw'],
    [{ label: 'cat' }, undefined],
    [[{ label: 'cat' }], undefined],
    [['a', 1], undefined],
    [null, undefined],
    [undefined, undefined],
  ]
  for (const [value, contentType] of cases) assert.equal(recogniseCodec(value)?.contentType, contentType)
})

test('a value shows its request codec, the first that takes it', () => {
  const array = NdArray.of('FP32', [1], [1])
  const cases: [unknown, string | undefined][] = [
    [DataFrame.of({ a: [1] }), 'pd'],
    [array, 'np'],
    [[1], 'np'],
    [['a'], 'str'],
    [{ a: array }, 'dict'],
    [{ a: 1 }, undefined],
    [5, undefined],
  ]
  for (const [value, contentType] of cases) {
    assert.equal(recogniseRequestCodec(value)?.contentType, contentType)
  }
})

const codec = (name: string): RequestCodec<symbol> => ({
  contentType: 'test-message',
  canEncode: (value): value is symbol => typeof value === 'symbol',
  encode: () => [{ name, datatype: 'INT8', shape: [1], data: Int8Array.of(1) }],
  decode: () => Symbol('read'),
})

test('a request codec of one’s own is found, and a later one replaces it', () => {
  for (const name of ['first', 'second']) {
    registerRequestCodec(codec(name))
    const [tensor] = recogniseRequestCodec(Symbol('value'))!.encode(Symbol('value'), 'input')
    assert.equal(tensor?.name, name)
  }
})

test('every built-in codec reads the example of its content type', () => {
  const examples = BYTES_ONLY.map(contentType => {
    const [tensor] = exampleInputs([{ name: 'x', datatype: 'BYTES', shape: [-1], contentType }])
    return codecFor(contentType).decode(tensor!)
  })
  assert.deepEqual(examples, [
    ['example'],
    [new TextEncoder().encode('example')],
    [new Date('2000-01-01')],
    [encodedImage(readBase64(new TextEncoder().encode('R0lGODlhAQABAAAAACwAAAAAAQABAAAC')))],
    ['example'],
    'example',
    'example',
    ['example'],
    [[{ role: 'user', content: 'example' }]],
  ])
})

test('a codec of one’s own is found, and a later one replaces it', () => {
  registerCodec(scaledCodec(10))
  assert.deepEqual(codecFor('test-scaled').encode('x', 2).data, Float64Array.of(20))
  registerCodec(scaledCodec(100))
  assert.deepEqual(codecFor('test-scaled').encode('x', 2).data, Float64Array.of(200))
})
