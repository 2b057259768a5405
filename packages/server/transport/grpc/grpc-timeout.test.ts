import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseGrpcTimeout } from './grpc-timeout.ts'

test('every unit of a timeout becomes milliseconds', () => {
  const values = ['2H', '3M', '4S', '5m', '6000u', '7000000n', '0m', '99999999H'].map(parseGrpcTimeout)
  assert.deepEqual(
    values.map(value => Math.round(value)),
    [7_200_000, 180_000, 4000, 5, 6, 7, 0, 359_999_996_400_000],
  )
})

for (const value of [
  '',
  'S',
  '1',
  '1s',
  '123456789S',
  '-1S',
  '1.5S',
  ' 1S',
  '1 S',
  '0x1S',
  '1e3S',
  'constructor',
]) {
  test(`'${value}' is not a timeout`, () => {
    assert.throws(() => parseGrpcTimeout(value), {
      code: 'INVALID_ARGUMENT',
      message: /grpc-timeout is '.*1 to 8 digits/,
    })
  })
}
