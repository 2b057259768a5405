import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createLineSplitter } from '@millrace/sdk/process'
import fc from 'fast-check'
import { createLineRing } from './line-ring.ts'
import { createLogFile } from './log-file.ts'
import { createOutputBudget } from './output-budget.ts'

const refuse = (error: unknown): never => assert.fail(String(error))

test('lines come out however the bytes are cut', () => {
  const line = fc.string({ unit: 'grapheme' }).filter(text => !/[\r\n]/.test(text))
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat(50), { minLength: 1 }), (lines, cuts) => {
      const bytes = Buffer.from(lines.join('\n'))
      const found: string[] = []
      const splitter = createLineSplitter(line => found.push(line))
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const size = Math.max(1, cuts[turn % cuts.length]!)
        splitter.push(bytes.subarray(at, at + size))
        at += size
      }
      splitter.end()
      assert.deepEqual(
        found,
        lines.filter(line => line !== ''),
      )
    }),
  )
})

test('a line without an end is cut', () => {
  const found: string[] = []
  const splitter = createLineSplitter(line => found.push(line))
  for (let piece = 0; piece < 100; piece++) splitter.push(Buffer.alloc(1000, 'x'))
  splitter.push(Buffer.from('\nnext\r\n'))
  assert.deepEqual(
    found.map(line => line.length),
    [8193, 4],
  )
})

test('output beyond the budget is left out, and counted', () => {
  let nowMs = 0
  const budget = createOutputBudget(() => nowMs)
  const MiB = 1024 * 1024
  assert.deepEqual(budget.take(4 * MiB), { isKept: true, left: 0 })
  assert.deepEqual(budget.take(1), { isKept: false, left: 0 })
  assert.deepEqual(budget.take(9), { isKept: false, left: 0 })
  nowMs = 1000
  assert.deepEqual(budget.take(MiB), { isKept: true, left: 10 })
  assert.deepEqual(budget.take(0), { isKept: true, left: 0 })
  nowMs = 1e9
  assert.deepEqual(budget.take(4 * MiB + 1), { isKept: false, left: 0 })
})

async function allOf(lines: AsyncIterable<string>): Promise<readonly string[]> {
  const found: string[] = []
  for await (const line of lines) found.push(line)
  return found
}

test('a ring keeps the latest lines, in count and in size', async () => {
  const ring = createLineRing()
  for (let number = 0; number < 2500; number++) ring.add(`line ${number}`)
  const kept = await allOf(ring.read({ follow: false }))
  assert.deepEqual([kept.length, kept[0], kept.at(-1)], [2000, 'line 500', 'line 2499'])
  for (let number = 0; number < 200; number++) ring.add('x'.repeat(8000))
  const large = await allOf(ring.read({ follow: false }))
  assert.equal(large.join('').length <= 1024 * 1024, true)
  assert.equal(large.length, 131)
})

test('readers follow a ring to its end, and are told what they were too slow for', async () => {
  const ring = createLineRing()
  ring.add('first')
  const reader = ring.read({ follow: true })[Symbol.asyncIterator]()
  assert.equal((await reader.next()).value, 'first')
  const waiting = reader.next()
  ring.add('second')
  assert.equal((await waiting).value, 'second')
  for (let number = 0; number < 2500; number++) ring.add(`line ${number}`)
  assert.equal((await reader.next()).value, '… 500 lines left out')
  assert.equal((await reader.next()).value, 'line 500')
  const others = [allOf(ring.read({ follow: true })), allOf(ring.read({ follow: false }))]
  const withdrawn = new AbortController()
  const withdrawnReader = allOf(ring.read({ follow: true, signal: withdrawn.signal }))
  await new Promise(setImmediate)
  withdrawn.abort()
  assert.equal((await withdrawnReader).length, 2000)
  ring.end()
  ring.add('too late')
  for (const lines of await Promise.all(others)) assert.equal(lines.at(-1), 'line 2499')
  assert.deepEqual(await allOf(ring.read({ follow: true, signal: AbortSignal.abort() })), [])
})

test('a file takes turns with an older one', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-deploy-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'deep', 's.log')
  const errors: unknown[] = []
  const file = createLogFile(path, 20, error => errors.push(error))
  assert.deepEqual(file.tail(), [])
  for (const line of ['one', 'two', 'three', 'four', 'five', 'six', 'seven']) {
    file.append(line)
    await file.close()
  }
  assert.equal(await readFile(path, 'utf8'), 'five\nsix\nseven\n')
  assert.equal(await readFile(`${path}.1`, 'utf8'), 'one\ntwo\nthree\nfour\n')
  assert.deepEqual(createLogFile(path, 20, refuse).tail(), ['five', 'six', 'seven'])
  await file.remove()
  assert.deepEqual(file.tail(), [])
  assert.deepEqual(errors, [])
})

test('a file that cannot be written is told of once, and long ones are read back in part', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-deploy-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'taken'), `${'x'.repeat(99)}\n`.repeat(1000))
  const errors: unknown[] = []
  const file = createLogFile(join(folder, 'taken', 's.log'), 20, error => errors.push(error))
  for (let turn = 0; turn < 3; turn++) {
    file.append('lost')
    await file.close()
  }
  assert.equal(errors.length, 1)
  assert.equal(createLogFile(join(folder, 'taken'), 20, refuse).tail().length, 655)
})

test('what a disk is too slow for is left out', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-deploy-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 's.log')
  const file = createLogFile(path, 2 ** 30, refuse)
  const line = 'x'.repeat(1023)
  for (let count = 0; count < 5000; count++) file.append(line)
  await file.close()
  const lines = (await readFile(path, 'utf8')).split('\n')
  assert.deepEqual([lines.length, lines.at(-2)], [4098, '… 904 lines left out'])
})
