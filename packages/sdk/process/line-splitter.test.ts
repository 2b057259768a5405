import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { createLineSplitter } from './line-splitter.ts'

function split(chunks: readonly Uint8Array[]): string[] {
  const lines: string[] = []
  const splitter = createLineSplitter(line => lines.push(line))
  for (const chunk of chunks) splitter.push(chunk)
  splitter.end()
  return lines
}

test('lines come out whole, wherever the output is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme' }).filter(text => !/[\r\n]/.test(text) && text.isWellFormed())),
      fc.constantFrom('\n', '\r\n'),
      fc.nat({ max: 7 }),
      (lines, lineBreak, size) => {
        const bytes = Buffer.from(lines.map(line => line + lineBreak).join(''))
        const chunks: Uint8Array[] = []
        for (let start = 0; start < bytes.length; start += size + 1) {
          chunks.push(bytes.subarray(start, start + size + 1))
        }
        assert.deepEqual(
          split(chunks),
          lines.filter(line => line !== ''),
        )
      },
    ),
  )
})

test('what is left at the end is a line, and a line without end is cut', () => {
  assert.deepEqual(split([Buffer.from('a\nb')]), ['a', 'b'])
  const endless = Array.from({ length: 100 }, () => Buffer.alloc(10_000, 'x'))
  assert.deepEqual(split([...endless, Buffer.from('\nnext\n')]), [`${'x'.repeat(8192)}…`, 'next'])
})
