import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { writeInteger, writeNineDigits, writeWhole } from './digits-writer.ts'

/** 17 bytes of an integer and three to spare. */
const bytes = Buffer.alloc(20)
const target = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) }
const NINE_DIGITS = 10 ** 9 - 1

function written(end: number): string {
  return bytes.toString('latin1', 0, end)
}

describe('digits-writer', () => {
  it('writes integers up to 2^53 as JavaScript does', () => {
    for (let power = 0; power < 16; power++) {
      for (const near of [10 ** power - 1, 10 ** power, 10 ** power + 1, 2 ** (3 * power)]) {
        for (const value of [near, -near]) {
          // An integer has no sign of zero.
          assert.equal(written(writeInteger(target, 0, value)), String(value))
        }
      }
    }
    assert.equal(written(writeInteger(target, 0, -(2 ** 53))), '-9007199254740992')
    fc.assert(
      fc.property(fc.maxSafeInteger(), value => {
        assert.equal(written(writeInteger(target, 0, value)), String(value))
      }),
    )
  })

  it('writes up to nine digits, and exactly nine', () => {
    fc.assert(
      fc.property(fc.nat(NINE_DIGITS), fc.nat(9), (value, shift) => {
        const shorter = Math.floor(value / 10 ** shift)
        assert.equal(written(writeWhole(target.view, 0, shorter)), String(shorter))
        writeNineDigits(target.view, 0, shorter)
        assert.equal(written(9), String(shorter).padStart(9, '0'))
      }),
    )
  })
})
