import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { readLines } from './input-lines.ts'

async function linesOf(chunks: readonly string[], maxLineBytes?: number) {
  const lines: unknown[] = []
  let readBytes = 0
  const source = (async function* () {
    for (const chunk of chunks) yield Buffer.from(chunk)
  })()
  for await (const { index, bytes } of readLines(source, maxLineBytes, size => void (readBytes += size))) {
    assert.equal(index, lines.length)
    lines.push(bytes === undefined ? null : Buffer.from(bytes).toString())
  }
  assert.equal(readBytes, Buffer.byteLength(chunks.join('')))
  return lines
}

test('lines are the same however the stream is cut', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'é', '\n') })
  await fc.assert(
    fc.asyncProperty(fc.array(text), async chunks => {
      const expected = chunks.join('').split('\n')
      if (expected.at(-1) === '') expected.pop()
      assert.deepEqual(await linesOf(chunks), expected)
    }),
  )
})

test('a line beyond the limit is told and skipped, wherever it is cut', async () => {
  assert.deepEqual(await linesOf(['1234\n12345\n12', '345', '6\n1\n', '123456'], 4), [
    '1234',
    null,
    null,
    '1',
    null,
  ])
})
