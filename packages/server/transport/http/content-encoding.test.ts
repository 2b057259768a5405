import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseContentEncoding } from './content-encoding.ts'
import { HttpRefusal } from './listener-errors.ts'

test('reads what is offered, in any case', () => {
  assert.equal(parseContentEncoding(undefined), undefined)
  assert.equal(parseContentEncoding(''), undefined)
  assert.equal(parseContentEncoding('identity'), undefined)
  assert.equal(parseContentEncoding(' GZip '), 'gzip')
  assert.equal(parseContentEncoding('x-gzip'), 'gzip')
  assert.equal(parseContentEncoding('deflate'), 'deflate')
})

test('refuses the rest with 415 and what is offered', () => {
  for (const header of ['br', 'zstd', 'gzip, deflate', 'none']) {
    assert.throws(
      () => parseContentEncoding(header),
      (error: unknown) =>
        error instanceof HttpRefusal &&
        error.code === 'UNIMPLEMENTED' &&
        error.httpStatus === 415 &&
        error.headers['accept-encoding'] === 'gzip, deflate' &&
        error.message.includes(header),
    )
  }
})
