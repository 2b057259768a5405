import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BytesArray, type Tensor } from '@millrace/sdk'
import fc from 'fast-check'
import { writeJsonOutputs } from './json-outputs.ts'
import { shortestDouble } from './shortest-double.ts'

const write = (...tensors: Tensor[]) => Buffer.from(writeJsonOutputs(tensors)).toString()

test('tensors are nested by their shape, scalars are bare', () => {
  const data = Int32Array.of(1, 2, 3, 4, 5, 6)
  assert.equal(write({ name: 'y', datatype: 'INT32', shape: [2, 3], data }), '{"y":[[1,2,3],[4,5,6]]}')
  assert.equal(write({ name: 'y', datatype: 'INT32', shape: [1, 3, 2], data }), '{"y":[[[1,2],[3,4],[5,6]]]}')
  assert.equal(write({ name: 'y', datatype: 'INT32', shape: [], data: Int32Array.of(7) }), '{"y":7}')
  assert.equal(
    write({ name: 'y', datatype: 'INT32', shape: [2, 0], data: new Int32Array() }),
    '{"y":[[],[]]}',
  )
  assert.equal(write({ name: 'y', datatype: 'INT32', shape: [1e9, 0], data: new Int32Array() }), '{"y":[]}')
  assert.equal(
    write({ name: 'y', datatype: 'INT32', shape: [5000, 5000, 0], data: new Int32Array() }),
    '{"y":[]}',
  )
  assert.equal(write(), '{}')
})

test('values of each data type are what JSON has for them', () => {
  const cases: [tensor: Tensor, expected: string][] = [
    [
      { name: 'y', datatype: 'FP64', shape: [3], data: Float64Array.of(1.5, Number.NaN, Infinity) },
      '[1.5,null,null]',
    ],
    [{ name: 'y', datatype: 'FP32', shape: [2], data: Float32Array.of(0.1, 16777216) }, '[0.1,16777216]'],
    [{ name: 'y', datatype: 'BF16', shape: [1], data: Uint16Array.of(0x3fc0) }, '[1.5]'],
    [
      { name: 'y', datatype: 'UINT64', shape: [2], data: BigUint64Array.of(2n ** 64n - 1n, 5n) },
      '[18446744073709551615,5]',
    ],
    [{ name: 'y', datatype: 'BOOL', shape: [2], data: Uint8Array.of(1, 0) }, '[true,false]'],
    [
      { name: 'y', datatype: 'BYTES', shape: [2], data: BytesArray.from(['é"', Uint8Array.of(0xff)]) },
      '["é\\"","�"]',
    ],
  ]
  for (const [tensor, expected] of cases) assert.equal(write(tensor), `{"y":${expected}}`)
  assert.equal(
    write({ name: '__proto__', datatype: 'INT8', shape: [], data: Int8Array.of(1) }),
    '{"__proto__":1}',
  )
})

test('a float32 is shown with no more digits than it needs', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true }), value => {
      const short = shortestDouble(value)
      assert.equal(Math.fround(short), value)
    }),
  )
  for (const text of ['0.1', '3.1415927', '-0.007', '1e-10', '0.3', '123.456']) {
    assert.equal(String(shortestDouble(Math.fround(Number(text)))), text)
  }
})
