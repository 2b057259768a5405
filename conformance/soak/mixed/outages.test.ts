import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Failure, Outages } from './outages.ts'

const LOST: Failure = {
  lane: 1,
  modelName: 'echo',
  isInWorker: true,
  code: 'INTERNAL',
  text: "the model's worker stopped unexpectedly with signal SIGKILL",
  startedMs: 900,
  endedMs: 1100,
}

test('a kill explains one failure of each lane that had something under way', () => {
  const outages = new Outages()
  outages.killed(1000)
  assert.equal(outages.excuse(LOST), 'killed')
  assert.equal(outages.excuse(LOST), undefined)
  assert.equal(outages.excuse({ ...LOST, lane: 2 }), 'killed')
})

test('a kill explains nothing before it, nothing long after it, no other error, and no model outside of workers', () => {
  const outages = new Outages()
  outages.killed(1000)
  for (const other of [
    { endedMs: 999 },
    { startedMs: 6001, endedMs: 6002 },
    { code: 'UNAVAILABLE' },
    { text: 'unexpected error' },
    { isInWorker: false },
  ]) {
    assert.equal(outages.excuse({ ...LOST, ...other }), undefined, JSON.stringify(other))
  }
})

test('a model that was unloaded on purpose may be missed while it is away', () => {
  const outages = new Outages()
  const missed = { ...LOST, modelName: 'spare', code: 'NOT_FOUND', text: 'Model spare not found' }
  assert.equal(outages.excuse(missed), undefined)
  outages.leaves('spare', 1000)
  assert.equal(outages.excuse(missed), 'absent')
  assert.equal(outages.excuse({ ...missed, modelName: 'echo' }), undefined)
  outages.isBack('spare', 2000)
  assert.equal(outages.excuse({ ...missed, startedMs: 1999, endedMs: 2100 }), 'absent')
  assert.equal(outages.excuse({ ...missed, startedMs: 2001, endedMs: 2100 }), undefined)
})
