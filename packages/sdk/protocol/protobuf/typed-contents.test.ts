import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { BytesArray, type Datatype, type TensorData } from '../../tensor/index.ts'
import { decodeInferRequest } from './index.ts'

const { Varint: VARINT, Bit64: BIT64, LengthDelimited: LEN, Bit32: BIT32 } = WireType

/** Numbers of the fields of InferTensorContents. */
const BOOL = 1
const INT = 2
const INT64 = 3
const UINT = 4
const UINT64 = 5
const FP32 = 6
const FP64 = 7
const BYTES = 8

type Write = (writer: BinaryWriter) => BinaryWriter

/** The data of a tensor of `count` elements whose `contents` occur once for each of `parts`. */
function read(datatype: Datatype, count: number, ...parts: Write[]): TensorData {
  const input = new BinaryWriter()
    .tag(1, LEN)
    .string('x')
    .tag(2, LEN)
    .string(datatype)
    .tag(3, VARINT)
    .int64(count)
  for (const part of parts) input.tag(5, LEN).bytes(part(new BinaryWriter()).finish())
  const message = new BinaryWriter().tag(5, LEN).bytes(input.finish()).finish()
  return decodeInferRequest(message).request.inputs[0]!.data
}

function refuses(datatype: Datatype, count: number, part: Write, message: string | RegExp): void {
  assert.throws(() => read(datatype, count, part), {
    name: 'ServingError',
    code: 'INVALID_ARGUMENT',
    message,
  })
}

/** A packed run. */
function run(field: number, write: Write): Write {
  return writer => write(writer.tag(field, LEN).fork()).join()
}

const ints = (...values: number[]): Write => run(INT, w => values.reduce((to, value) => to.int32(value), w))
const uints = (...values: number[]): Write =>
  run(UINT, w => values.reduce((to, value) => to.uint32(value), w))
const bools = (...values: boolean[]): Write => run(BOOL, w => values.reduce((to, value) => to.bool(value), w))
const longs = (...values: bigint[]): Write =>
  run(INT64, w => values.reduce((to, value) => to.int64(value), w))
const ulongs = (...values: bigint[]): Write =>
  run(UINT64, w => values.reduce((to, value) => to.uint64(value), w))
const floats = (...values: number[]): Write =>
  run(FP32, w => values.reduce((to, value) => to.float(value), w))
const doubles = (...values: number[]): Write =>
  run(FP64, w => values.reduce((to, value) => to.double(value), w))
const strings = (...values: string[]): Write => {
  return writer => values.reduce((to, value) => to.tag(BYTES, LEN).string(value), writer)
}
const both = (first: Write, second: Write): Write => {
  return writer => second(first(writer))
}

/** 3, 300 and 70000, each with a tag of its own. */
function unpacked(
  field: number,
  type: WireType,
  write: (writer: BinaryWriter, value: number) => BinaryWriter,
): Write {
  return writer => [3, 300, 70_000].reduce((to, value) => write(to.tag(field, type), value), writer)
}

/** A length-delimited field of any bytes. */
function bytes(field: number, ...values: number[]): Write {
  return writer => writer.tag(field, LEN).bytes(Uint8Array.from(values))
}

test('every datatype reads its own field, at both ends of its range', () => {
  assert.deepEqual(read('BOOL', 2, bools(true, false)), Uint8Array.of(1, 0))
  assert.deepEqual(read('UINT8', 2, uints(0, 255)), Uint8Array.of(0, 255))
  assert.deepEqual(read('UINT16', 2, uints(0, 65535)), Uint16Array.of(0, 65535))
  assert.deepEqual(read('UINT32', 2, uints(0, 2 ** 32 - 1)), Uint32Array.of(0, 2 ** 32 - 1))
  assert.deepEqual(read('UINT64', 2, ulongs(0n, 2n ** 64n - 1n)), BigUint64Array.of(0n, 2n ** 64n - 1n))
  assert.deepEqual(read('INT8', 2, ints(-128, 127)), Int8Array.of(-128, 127))
  assert.deepEqual(read('INT16', 2, ints(-32768, 32767)), Int16Array.of(-32768, 32767))
  assert.deepEqual(read('INT32', 2, ints(-(2 ** 31), 2 ** 31 - 1)), Int32Array.of(-(2 ** 31), 2 ** 31 - 1))
  assert.deepEqual(
    read('INT64', 3, longs(-(2n ** 63n), 2n ** 63n - 1n, 9007199254740993n)),
    BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n, 9007199254740993n),
  )
  assert.deepEqual(read('FP32', 3, floats(0.5, -0, Number.NaN)), Float32Array.of(0.5, -0, Number.NaN))
  assert.deepEqual(read('FP64', 2, doubles(0.1, -Infinity)), Float64Array.of(0.1, -Infinity))
  assert.deepEqual(read('BYTES', 3, strings('one', '', 'naïve')), BytesArray.from(['one', '', 'naïve']))
})

test('unpacked elements are read as packed ones', () => {
  assert.deepEqual(
    read(
      'INT32',
      3,
      unpacked(INT, VARINT, (w, value) => w.int32(value)),
    ),
    Int32Array.of(3, 300, 70_000),
  )
  assert.deepEqual(
    read(
      'UINT32',
      3,
      unpacked(UINT, VARINT, (w, value) => w.uint32(value)),
    ),
    Uint32Array.of(3, 300, 70_000),
  )
  assert.deepEqual(
    read(
      'INT64',
      3,
      unpacked(INT64, VARINT, (w, value) => w.int64(value)),
    ),
    BigInt64Array.of(3n, 300n, 70_000n),
  )
  assert.deepEqual(
    read(
      'FP32',
      3,
      unpacked(FP32, BIT32, (w, value) => w.float(value)),
    ),
    Float32Array.of(3, 300, 70_000),
  )
  assert.deepEqual(
    read(
      'FP64',
      3,
      unpacked(FP64, BIT64, (w, value) => w.double(value)),
    ),
    Float64Array.of(3, 300, 70_000),
  )
  assert.deepEqual(
    read('INT8', 1, w => w.tag(INT, VARINT).int32(-5)),
    Int8Array.of(-5),
  )
})

test('runs, single elements and contents of one field are joined in order', () => {
  const mixed = both(ints(1, 300), writer => writer.tag(INT, VARINT).int32(-1))
  assert.deepEqual(read('INT32', 5, mixed, ints(), ints(4, 5)), Int32Array.of(1, 300, -1, 4, 5))
  const long = Array.from({ length: 100 }, (_, index) => index / 4)
  assert.deepEqual(
    read('FP32', 201, floats(...long), both(floats(7), floats(...long))),
    Float32Array.from([...long, 7, ...long]),
  )
  assert.deepEqual(
    read('BYTES', 3, strings('a'), strings('', 'x'.repeat(300))),
    BytesArray.from(['a', '', 'x'.repeat(300)]),
  )
})

test('a varint of 32-bit fields is cut to 32 bits as protobuf has it, and any true is 1', () => {
  assert.deepEqual(
    read(
      'INT32',
      1,
      run(INT, w => w.uint32(2 ** 32 - 1)),
    ),
    Int32Array.of(-1),
  )
  assert.deepEqual(
    read(
      'UINT32',
      1,
      run(UINT, w => w.int32(-1)),
    ),
    Uint32Array.of(2 ** 32 - 1),
  )
  assert.deepEqual(
    read(
      'BOOL',
      3,
      run(BOOL, w =>
        w
          .uint32(2)
          .uint64(2n ** 40n)
          .uint32(0),
      ),
    ),
    Uint8Array.of(1, 1, 0),
  )
})

test('FP32 and FP64 stay where they are when they lie aligned', () => {
  const tail = new BinaryWriter().tag(7, LEN).fork().double(1.5).double(2.5).join().finish()
  const input = new BinaryWriter()
    .tag(2, LEN)
    .string('FP64')
    .tag(3, VARINT)
    .int64(2)
    .tag(5, LEN)
    .bytes(tail)
    .finish()
  const bytes = new BinaryWriter().tag(5, LEN).bytes(input).finish()
  const memory = new Uint8Array(bytes.length + 8)
  const shift = (8 - ((bytes.length - 16) % 8)) % 8
  const message = memory.subarray(shift, shift + bytes.length)
  message.set(bytes)
  const { data } = decodeInferRequest(message).request.inputs[0]!
  assert.deepEqual(data, Float64Array.of(1.5, 2.5))
  assert.equal((data as Float64Array).buffer, memory.buffer)
})

test('values outside the range of a narrow datatype are refused', () => {
  refuses(
    'INT8',
    2,
    ints(5, 128),
    "tensor 'x', element 1: 128 in int_contents is not an integer from -128 to 127, which INT8 needs",
  )
  refuses('INT16', 1, ints(-32769), /element 0: -32769 in int_contents/)
  refuses(
    'UINT8',
    1,
    uints(256),
    /element 0: 256 in uint_contents is not an integer from 0 to 255, which UINT8 needs/,
  )
  refuses('UINT16', 3, uints(1, 2, 65536), /element 2: 65536/)
})

test('another numeric field is taken where every value is exact', () => {
  assert.deepEqual(read('INT32', 2, longs(-3n, 2n ** 31n - 1n)), Int32Array.of(-3, 2 ** 31 - 1))
  assert.deepEqual(read('UINT8', 2, ints(0, 255)), Uint8Array.of(0, 255))
  assert.deepEqual(read('INT64', 2, doubles(2 ** 60, -2)), BigInt64Array.of(2n ** 60n, -2n))
  assert.deepEqual(read('UINT64', 1, uints(7)), BigUint64Array.of(7n))
  assert.deepEqual(read('INT8', 2, bools(true, false)), Int8Array.of(1, 0))
  assert.deepEqual(read('BOOL', 2, uints(0, 1)), Uint8Array.of(0, 1))
  assert.deepEqual(read('FP32', 3, doubles(0.5, -0, Number.NaN)), Float32Array.of(0.5, -0, Number.NaN))
  assert.deepEqual(read('FP32', 1, longs(2n ** 60n)), Float32Array.of(2 ** 60))
  assert.deepEqual(read('FP64', 2, floats(0.5, Infinity)), Float64Array.of(0.5, Infinity))
  assert.deepEqual(read('FP64', 1, ulongs(2n ** 63n)), Float64Array.of(2 ** 63))
})

test('another numeric field is refused where a value would change', () => {
  refuses(
    'INT32',
    2,
    floats(1, 2.5),
    "tensor 'x', element 1: 2.5 in fp32_contents is not exactly an integer from -2147483648 to 2147483647 as INT32 needs it; the field of INT32 is int_contents",
  )
  refuses('INT32', 1, longs(2n ** 31n), /element 0: 2147483648 in int64_contents/)
  refuses('UINT64', 1, ints(-1), /element 0: -1 in int_contents.*the field of UINT64 is uint64_contents/)
  refuses('INT64', 1, ulongs(2n ** 63n), /element 0: 9223372036854775808 in uint64_contents/)
  refuses('INT64', 1, floats(Number.NaN), /element 0: NaN in fp32_contents/)
  refuses('BOOL', 2, ints(1, 2), /element 1: 2 in int_contents.*the field of BOOL is bool_contents/)
  refuses('FP32', 1, doubles(0.1), /element 0: 0.1 in fp64_contents/)
  refuses('FP64', 1, longs(2n ** 53n + 1n), /element 0: 9007199254740993 in int64_contents/)
})

test('byte strings and numbers do not stand in for each other', () => {
  refuses(
    'FP32',
    1,
    strings('a'),
    "tensor 'x', element 0: bytes_contents cannot hold FP32; its elements go in fp32_contents",
  )
  refuses(
    'BYTES',
    1,
    ints(1),
    "tensor 'x', element 0: int_contents cannot hold BYTES; its elements go in bytes_contents",
  )
})

test('FP16 and BF16 have no typed form', () => {
  refuses(
    'FP16',
    1,
    floats(1),
    /tensor 'x' has FP16 elements in fp32_contents; FP16 travels only in the raw form/,
  )
  refuses('BF16', 1, uints(1), /BF16 travels only in the raw form/)
})

test('only one field may have elements', () => {
  refuses(
    'FP32',
    1,
    both(floats(1), ints(1)),
    "tensor 'x' has elements in both fp32_contents and int_contents; only one field may have any",
  )
  assert.deepEqual(read('FP32', 1, both(ints(), floats(1))), Float32Array.of(1))
})

test('the element count must be that of the shape', () => {
  refuses('INT32', 3, ints(1, 300), "tensor 'x' has 2 elements; shape [3] needs exactly 3")
  refuses('INT64', 1, longs(1n, -1n), "tensor 'x' has 2 elements; shape [1] needs exactly 1")
  refuses('FP32', 1, floats(1, 2), "tensor 'x' has 2 elements; shape [1] needs exactly 1")
  refuses(
    'FP64',
    2 ** 50,
    doubles(1),
    /has 1 element; shape \[1125899906842624\] needs exactly 1125899906842624/,
  )
  refuses('BOOL', 2 ** 50, bools(true), /has 1 element;/)
  refuses('BYTES', 2 ** 50, strings('a', 'b'), /has 2 elements;/)
  refuses('BYTES', 1, writer => writer, "tensor 'x' has 0 elements; shape [1] needs exactly 1")
  refuses('FP32', 0, floats(1), "tensor 'x' has 1 element; shape [0] needs exactly 0")
})

test('elements that are cut off are refused with their offset', () => {
  refuses('INT32', 1, bytes(INT, 1, 0x80), /at byte \d+: int_contents ends inside a varint/)
  refuses(
    'FP32',
    1,
    bytes(FP32, 0, 0, 0),
    /at byte \d+: fp32_contents has 3 bytes, which are not a multiple of 4/,
  )
  refuses('FP64', 1, bytes(FP64, 0, 0, 0, 0), /are not a multiple of 8/)
  refuses(
    'INT64',
    1,
    bytes(INT64, ...Array.from({ length: 10 }, () => 0xff), 1),
    /at byte \d+: a varint has more than 64 bits/,
  )
  refuses('INT32', 1, bytes(INT, ...Array.from({ length: 10 }, () => 0xff), 1), /more than 64 bits/)
  // Two halves of a varint in two runs are two mistakes, not one number.
  refuses('INT32', 1, both(bytes(INT, 0x80), bytes(INT, 1)), /int_contents ends inside a varint/)
})
