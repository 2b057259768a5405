import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { testFolder } from '../test-command.ts'
import { LineSet } from './line-set.ts'
import { failureLine } from './output-line.ts'
import { resumeOutput } from './resume-output.ts'

const answer = (index: number) => `{"model_name":"m","parameters":{"batch_index":${index}},"outputs":[]}\n`
const failure = (index: number, status: 'inference error' | 'preprocessing error') =>
  failureLine(index, status, 'why').toString()

suite('resumeOutput', () => {
  test('keeps answers and bad lines, and takes failed calls and a torn line out', async t => {
    const kept = [answer(9), failure(2, 'preprocessing error'), answer(0)]
    const text = `${kept[0]}${failure(3, 'inference error')}${kept[1]}${kept[2]}{"model_na`
    const folder = await testFolder(t, { out: text })
    const lines = await resumeOutput(join(folder, 'out'))
    assert.deepEqual(
      Array.from({ length: 11 }, (_, index) => index).filter(index => lines.has(index)),
      [0, 2, 9],
    )
    assert.equal(lines.count, 3)
    assert.equal(await readFile(join(folder, 'out'), 'utf8'), kept.join(''))
    assert.deepEqual(await readdir(folder), ['out'])
  })

  test('keeps a last line that only lacks its end', async t => {
    const folder = await testFolder(t, { out: answer(0).trimEnd() })
    assert.equal((await resumeOutput(join(folder, 'out'))).count, 1)
    assert.equal(await readFile(join(folder, 'out'), 'utf8'), answer(0))
  })

  test('starts from nothing where there is no file', async t => {
    const folder = await testFolder(t)
    assert.equal((await resumeOutput(join(folder, 'out'))).count, 0)
    assert.deepEqual(await readdir(folder), [])
  })

  for (const line of [
    'one',
    '[]',
    '{}',
    '{"parameters":{"batch_index":-1}}',
    '{"parameters":{"batch_index":1e300}}',
  ]) {
    test(`leaves a file alone that has a line ${line}`, async t => {
      const text = `${answer(0)}${line}\n${answer(1)}`
      const folder = await testFolder(t, { out: text })
      await assert.rejects(resumeOutput(join(folder, 'out')), {
        message: /out, line 2 is not from this command: /,
      })
      assert.equal(await readFile(join(folder, 'out'), 'utf8'), text)
      assert.deepEqual(await readdir(folder), ['out'])
    })
  }
})

test('a line set refuses what no file has', () => {
  const lines = new LineSet()
  lines.add(100_000)
  lines.add(100_000)
  assert.deepEqual(
    [lines.count, lines.has(100_000), lines.has(99_999), lines.has(10 ** 9)],
    [1, true, false, false],
  )
  assert.throws(() => lines.add(2 ** 33), /beyond the 8589934592 lines/)
})
