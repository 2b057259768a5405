import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ask, createPoolBed, type PoolBed } from './pool-bed.ts'
import { HELD, UNSTABLE, watchedCall } from './unstable-model-fixture.ts'

/** Has a model open a pipe that nobody writes to, and resolves when it is about to. */
async function hold(t: TestContext, bed: PoolBed) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-held-'))
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  t.after(() => {
    // Else the thread would outlive the test, and the test's process with it.
    closeSync(openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK))
    rmSync(folder, { recursive: true })
  })
  const model = await bed.load('held', HELD)
  const { begun, call } = watchedCall()
  const answer = ask(model, pipe, call)
  await begun
  return { model, answer }
}

const isReported = (line: Readonly<Record<string, unknown>>) =>
  /native code holds/.test(String(line['msg'] ?? line['message']))

test('a thread that native code holds does not hold up the end', async t => {
  const bed = await createPoolBed(t, 'thread', { stopTimeoutMs: 1 })
  const { answer } = await hold(t, bed)
  const failed = assert.rejects(answer, { code: 'UNAVAILABLE', message: 'the server is stopping' })
  await bed.pools.close(1)
  await failed
  assert.equal(bed.serverLog.filter(isReported).length, 1)
})

test('unloading a model whose native code holds its thread gets others a new one', async t => {
  const bed = await createPoolBed(t, 'thread', { stopTimeoutMs: 200 })
  const other = await bed.load('other', UNSTABLE)
  const { model, answer } = await hold(t, bed)
  const failed = assert.rejects(answer, {
    code: 'INTERNAL',
    message: /stopped unexpectedly with native code/,
  })
  await model.model.unload().catch(() => undefined)
  await failed
  assert.match(await ask(other, 'who'), /\d/)
})
