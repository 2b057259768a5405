import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BytesArray } from './bytes-array.ts'
import type { Datatype } from './datatype.ts'
import { dataFromBytes, exactData } from './exact-data.ts'

const refused = (run: () => unknown, message: string) =>
  assert.throws(run, { code: 'INVALID_ARGUMENT', message })

test('an exact array is returned itself', () => {
  const numbers = Float32Array.of(1, 2)
  const texts = BytesArray.from(['a'])
  assert.equal(exactData('x', 'FP32', numbers), numbers)
  assert.equal(exactData('x', 'BYTES', texts), texts)
})

test('a list becomes the array of its datatype', () => {
  assert.deepEqual(exactData('x', 'INT16', [1, -2]), Int16Array.of(1, -2))
  assert.deepEqual(exactData('x', 'BOOL', [true, false, 1]), Uint8Array.of(1, 0, 1))
  assert.deepEqual(exactData('x', 'BF16', [1]), Uint16Array.of(0x3f80))
  const bytes = exactData('x', 'BYTES', ['a', Uint8Array.of(0xff)]) as BytesArray
  assert.deepEqual(Array.from(bytes), [Uint8Array.of(97), Uint8Array.of(0xff)])
})

test('anything else is named with what is expected', () => {
  const cases: [Datatype, unknown, string][] = [
    ['FP32', Float64Array.of(1), 'holds a Float64Array; expected a Float32Array or an array of values'],
    ['INT8', 'text', 'holds "text"; expected an Int8Array or an array of values'],
    ['BF16', Float32Array.of(1), 'holds a Float32Array; expected a Uint16Array or an array of values'],
    ['BYTES', 'text', 'holds "text"; expected a BytesArray or an array of values'],
    ['BYTES', new Uint8Array(2), 'holds a Uint8Array; expected a BytesArray or an array of values'],
    ['INT64', undefined, 'holds undefined; expected a BigInt64Array or an array of values'],
    ['FP64', { length: 1, 0: 1 }, 'holds an Object; expected a Float64Array or an array of values'],
  ]
  for (const [datatype, data, message] of cases) {
    refused(() => exactData('x', datatype, data), `tensor 'x' of datatype ${datatype} ${message}`)
  }
})

test('an element that does not fit is named with its place', () => {
  refused(
    () => exactData('x', 'UINT8', [1, 256]),
    "tensor 'x', element 1: 256 is not an integer from 0 to 255",
  )
  refused(
    () => exactData('x', 'INT64', [2 ** 53]),
    "tensor 'x', element 0: 9007199254740992 is not an integer from -9223372036854775808 to 9223372036854775807; beyond 2^53 - 1 it must be a bigint to be exact",
  )
  refused(
    () => exactData('x', 'FP32', ['1']),
    `tensor 'x', element 0: "1" is not a number from -3.4028234663852886e+38 to 3.4028234663852886e+38`,
  )
  refused(
    () => exactData('x', 'BYTES', ['a', 5]),
    "tensor 'x': element 1: 5 is not text or bytes, which BYTES needs",
  )
})

test('a BOOL byte is 0 or 1, from a model as from the wire', () => {
  const bytes = Uint8Array.of(0, 1, 7)
  const message = "tensor 'x', element 2: byte 7 is not 0 or 1, which BOOL needs"
  refused(() => exactData('x', 'BOOL', bytes), message)
  refused(() => dataFromBytes('x', 'BOOL', [3], bytes), message)
})

test('wire bytes must be exactly what shape and datatype need', () => {
  refused(
    () => dataFromBytes('x', 'FP32', [2, 2], new Uint8Array(15)),
    "tensor 'x' has 15 bytes of data; FP32 of shape [2,2] takes exactly 16",
  )
  refused(
    () => dataFromBytes('x', 'FP64', [2 ** 50], new Uint8Array(8)),
    "tensor 'x' has 8 bytes of data; FP64 of shape [1125899906842624] takes exactly 9007199254740992",
  )
  refused(
    () => dataFromBytes('x', 'BYTES', [1], new Uint8Array(3)),
    "tensor 'x': 3 bytes cannot hold 1 BYTES elements, each of which starts with a 4-byte length",
  )
  refused(
    () => dataFromBytes('x', 'INT8', [-1], new Uint8Array(1)),
    "tensor 'x' has shape [-1]: every dimension must be an integer from 0 to 2^53 - 1",
  )
})
