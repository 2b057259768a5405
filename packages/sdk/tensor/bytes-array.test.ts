import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BytesArray } from './bytes-array.ts'

const GOLDEN = '030000006f6e650300000074776f050000007468726565'
const golden = () => new Uint8Array(Buffer.from(GOLDEN, 'hex'))
const element = fc.oneof(
  fc.uint8Array({ maxLength: 20 }),
  fc.string({ unit: 'binary' }).filter(s => s.isWellFormed()),
)
const bytesOf = (value: string | Uint8Array) =>
  typeof value === 'string' ? new TextEncoder().encode(value) : value

test('packs as the binary tensor extension does', () => {
  const packed = BytesArray.from(['one', 'two', 'three']).packed()
  assert.equal(Buffer.from(packed).toString('hex'), GOLDEN)
})

test('reads what is packed without copying it', () => {
  const packed = golden()
  const array = BytesArray.fromPacked(packed, 3)
  assert.equal(array.length, 3)
  assert.deepEqual(array.toStrings(), ['one', 'two', 'three'])
  assert.equal(array.packed(), packed)
  assert.equal(array.at(1)!.buffer, packed.buffer)
})

test('round-trips any elements, whether text or bytes', () => {
  fc.assert(
    fc.property(fc.array(element, { maxLength: 20 }), values => {
      const array = BytesArray.fromPacked(BytesArray.from(values).packed(), values.length)
      assert.deepEqual(Array.from(array), values.map(bytesOf))
    }),
  )
})

test('keeps text as it is: NUL, byte order mark, emoji, nothing', () => {
  const texts = ['a\0b', '\ufeffmarked', '🦀', '']
  assert.deepEqual(BytesArray.from(texts).toStrings(), texts)
})

test('keeps bytes that are not UTF-8, and refuses to read them as text', () => {
  const array = BytesArray.from(['fine', Uint8Array.of(0xff, 0, 0xfe)])
  assert.deepEqual(array.at(1), Uint8Array.of(0xff, 0, 0xfe))
  assert.throws(() => array.textAt(1), {
    code: 'INVALID_ARGUMENT',
    message: /^element 1 is not valid UTF-8 text/,
  })
  assert.throws(() => array.toStrings(), { code: 'INVALID_ARGUMENT', message: /^element 1 / })
})

test('refuses text that UTF-8 cannot express', () => {
  assert.throws(() => BytesArray.from(['ok', '\ud83e']), {
    code: 'INVALID_ARGUMENT',
    message: 'element 1: text with half a surrogate pair cannot be written as UTF-8',
  })
})

test('refuses elements that are neither text nor bytes', () => {
  assert.throws(() => BytesArray.from(JSON.parse('["a", 5]') as string[]), {
    code: 'INVALID_ARGUMENT',
    message: 'element 1: 5 is not text or bytes, which BYTES needs',
  })
})

test('has no element where there is none', () => {
  const array = BytesArray.from(['one'])
  for (const index of [-1, 1, 0.5, Number.NaN, Infinity]) {
    assert.equal(array.at(index), undefined)
    assert.equal(array.textAt(index), undefined)
  }
})

test('refuses hostile counts before it takes memory', () => {
  const cases: [number, string][] = [
    [2 ** 32, '23 bytes cannot hold 4294967296 BYTES elements, each of which starts with a 4-byte length'],
    [6, '23 bytes cannot hold 6 BYTES elements, each of which starts with a 4-byte length'],
    [5, 'the bytes end inside the 4-byte length of element 3 of 5'],
    [2, '9 bytes are left over after the last of 2 elements'],
    [0, '23 bytes are left over after the last of 0 elements'],
    [-1, '-1 is not a number of BYTES elements'],
    [1.5, '1.5 is not a number of BYTES elements'],
    [Number.NaN, 'NaN is not a number of BYTES elements'],
  ]
  for (const [count, message] of cases) {
    assert.throws(() => BytesArray.fromPacked(golden(), count), { code: 'INVALID_ARGUMENT', message })
  }
})

test('refuses hostile lengths', () => {
  const enormous = golden()
  enormous[3] = 0xff
  assert.throws(() => BytesArray.fromPacked(enormous, 3), {
    code: 'INVALID_ARGUMENT',
    message: 'element 0 says it has 4278190083 bytes, but only 19 are left',
  })
  assert.throws(() => BytesArray.fromPacked(golden().subarray(0, 22), 3), {
    code: 'INVALID_ARGUMENT',
    message: 'element 2 says it has 5 bytes, but only 4 are left',
  })
})

test('reads any bytes either exactly or not at all', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(12), (bytes, count) => {
      try {
        const array = BytesArray.fromPacked(bytes, count)
        assert.deepEqual(BytesArray.from(array).packed(), bytes)
        assert.equal(array.length, count)
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'INVALID_ARGUMENT')
      }
    }),
  )
})

test('holds at most what 32 bits can address', () => {
  const huge = Object.defineProperty(new Uint8Array(1), 'length', { value: 2 ** 32 - 4 })
  const refusal = { code: 'RESOURCE_EXHAUSTED', message: /holds at most 4294967291 bytes/ }
  assert.throws(() => BytesArray.fromPacked(huge, 1), refusal)
  assert.throws(() => BytesArray.from([huge]), refusal)
})

test('slices as arrays do, on the same memory', () => {
  const index = fc.integer({ min: -8, max: 8 })
  fc.assert(
    fc.property(
      fc.array(element, { maxLength: 6 }),
      index,
      fc.option(index, { nil: undefined }),
      (values, start, end) => {
        const array = BytesArray.from(values)
        const slice = array.slice(start, end)
        assert.deepEqual(Array.from(slice), values.slice(start, end).map(bytesOf))
        assert.equal(slice.packed().buffer, array.packed().buffer)
        assert.deepEqual(BytesArray.from(slice).packed(), slice.packed())
      },
    ),
  )
})

test('a slice of a slice still finds its elements', () => {
  const slice = BytesArray.from(['zero', 'one', 'two', 'three']).slice(1).slice(1, 3)
  assert.deepEqual(slice.toStrings(), ['two', 'three'])
})

test('knows the arrays of another copy of this package', async () => {
  const copy = (await import(new URL('./bytes-array.ts?copy', import.meta.url).href)) as {
    BytesArray: typeof BytesArray
  }
  const foreign = copy.BytesArray.from(['a'])
  assert.equal(foreign instanceof BytesArray, false)
  assert.equal(BytesArray.is(foreign), true)
  assert.equal(BytesArray.is({ packed: () => golden(), length: 3 }), false)
})
