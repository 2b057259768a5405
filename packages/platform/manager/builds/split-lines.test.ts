import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { splitLines } from './split-lines.ts'

async function linesOf(chunks: readonly Uint8Array[]): Promise<readonly string[]> {
  async function* given() {
    yield* chunks
  }
  const lines: string[] = []
  for await (const some of splitLines(given())) lines.push(...some)
  return lines
}

test('lines are the same however their bytes are cut', async () => {
  const line = fc.string({ unit: 'grapheme', maxLength: 20 }).map(text => text.replaceAll(/[\r\n]/g, ' '))
  const ends = fc.constantFrom('\n', '\r\n', '\r')
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(line, ends)), fc.array(fc.nat(400)), async (parts, cuts) => {
      // A return and an empty line's new line would be one end.
      const rows = parts.map(([text, end], index) => [text === '' ? `${index}` : text, end] as const)
      const bytes = Buffer.from(rows.flat().join(''))
      const places = [
        0,
        ...cuts.map(cut => Math.min(cut, bytes.length)).toSorted((a, b) => a - b),
        bytes.length,
      ]
      const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end))
      assert.deepEqual(
        await linesOf(chunks),
        rows.map(([text]) => text),
      )
    }),
  )
})

test('a line without an end is cut into pieces, and colours are left out', async () => {
  const long = 'x'.repeat(20_000)
  const lines = await linesOf([Buffer.from(`${long}\n\u001B[31mred\u001B[0m`)])
  assert.equal(lines.slice(0, -1).join(''), long)
  assert.ok(lines.every(line => line.length <= 20_000))
  assert.equal(lines.at(-1), 'red')
  const endless = await linesOf(Array.from({ length: 100 }, () => Buffer.from('y'.repeat(1_000))))
  assert.equal(endless.join(''), 'y'.repeat(100_000))
  assert.ok(endless.every(line => line.length <= 8_192))
})
