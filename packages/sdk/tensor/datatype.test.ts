import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BytesArray } from './bytes-array.ts'
import {
  allocateData,
  arrayKind,
  DATATYPES,
  type Datatype,
  dataBytes,
  ELEMENT_SIZE_BYTES,
  isDataOf,
  isDatatype,
  type NumericDatatype,
  viewData,
} from './datatype.ts'

const NUMERIC = DATATYPES.filter((datatype): datatype is NumericDatatype => datatype !== 'BYTES')

test('knows the datatypes of the protocol and no other', () => {
  for (const datatype of DATATYPES) assert.equal(isDatatype(datatype), true)
  for (const other of ['FP8', 'fp32', 'STRING', '', 'toString', '__proto__', 5, undefined]) {
    assert.equal(isDatatype(other), false)
  }
  assert.deepEqual(Object.keys(ELEMENT_SIZE_BYTES), [...DATATYPES])
})

test('holds each datatype in an array of its element size', () => {
  for (const datatype of NUMERIC) {
    const data = allocateData(datatype, 3)
    assert.equal(data.length, 3)
    assert.equal(data.BYTES_PER_ELEMENT, ELEMENT_SIZE_BYTES[datatype])
    assert.equal(data.constructor.name, arrayKind(datatype))
    assert.equal(isDataOf(datatype, data), true)
  }
  assert.equal(isDataOf('BYTES', BytesArray.from([])), true)
  assert.equal(arrayKind('BYTES'), 'BytesArray')
})

test('tells arrays of one datatype from those of another', () => {
  const wrong: [Datatype, unknown][] = [
    ['FP32', new Float64Array(1)],
    ['BF16', new Float32Array(1)],
    ['INT8', new Uint8Array(1)],
    ['UINT8', new Uint8ClampedArray(1)],
    ['INT64', new BigUint64Array(1)],
    ['FP64', [1]],
    ['BYTES', ['text']],
    ['BYTES', { packed: () => new Uint8Array() }],
    ['BYTES', null],
  ]
  for (const [datatype, data] of wrong) assert.equal(isDataOf(datatype, data), false, datatype)
})

test('views bytes without copying where they lie at a multiple of the element size', () => {
  for (const datatype of NUMERIC) {
    const memory = new Uint8Array(64)
    const view = viewData(datatype, memory.subarray(8, 8 + 2 * ELEMENT_SIZE_BYTES[datatype]))
    assert.equal(view.buffer, memory.buffer)
    assert.equal(view.byteOffset, 8)
    assert.equal(view.length, 2)
  }
})

test('copies bytes that lie anywhere else, be they a Uint8Array or a Buffer', () => {
  for (const memory of [new Uint8Array(64), Buffer.alloc(64)]) {
    memory.set([1, 0, 0, 0, 2, 0, 0, 0], 3)
    const view = viewData('INT32', memory.subarray(3, 11))
    assert.deepEqual(view, Int32Array.of(1, 2))
    assert.notEqual(view.buffer, memory.buffer)
  }
})

test('gives back the bytes of data without a copy', () => {
  const memory = new Float32Array([1, 2, 3])
  const bytes = dataBytes(memory.subarray(1))
  assert.equal(bytes.buffer, memory.buffer)
  assert.equal(Buffer.from(bytes).toString('hex'), '0000004000004040')
  assert.equal(Buffer.from(dataBytes(BytesArray.from(['hi']))).toString('hex'), '020000006869')
})
