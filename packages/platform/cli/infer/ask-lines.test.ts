import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type ErrorCode, ServingError, type ServingErrorOptions } from '@millrace/sdk'
import type { InferenceClient } from '@millrace/sdk/client'
import { createAsker } from './ask-lines.ts'

const LINE = { index: 7, request: { modelName: 'm', id: 'r1', inputs: [] } }

/** Calls fail as told, in order, and then succeed; the run is stopped during one of them. */
async function ask(
  failures: readonly (readonly [ErrorCode, ServingErrorOptions?])[],
  retries: number,
  stopAt = 0,
) {
  const left = [...failures]
  let calls = 0
  const emitted: unknown[] = []
  const stop = new AbortController()
  const infer = async () => {
    calls++
    const failure = left.shift()
    if (calls === stopAt) stop.abort()
    if (failure !== undefined) throw new ServingError(failure[0], 'no', failure[1])
    return { modelName: 'm', outputs: [] }
  }
  const asker = createAsker({
    client: { infer } as unknown as InferenceClient,
    retries,
    retryPauseMs: 1,
    stop: stop.signal,
    emit: async (line, isAnswer) => {
      const { parameters, error } = JSON.parse(Buffer.from(line).toString()) as {
        parameters: object
        error?: object
      }
      emitted.push([isAnswer, parameters, error])
    },
    note: () => {},
  })
  await asker.ask([LINE])
  return { calls, emitted }
}

const FAILED = [[false, { batch_index: 7 }, { status: 'inference error', msg: 'no' }]]

suite('a call that fails', () => {
  test('is made again as often as was said', async () => {
    const { calls, emitted } = await ask([['UNAVAILABLE'], ['INTERNAL', {}]], 2)
    assert.equal(calls, 3)
    assert.deepEqual(emitted, [[true, { batch_index: 7, inference_id: 'r1' }, undefined]])
  })

  test('is told when that was not enough', async () => {
    const { calls, emitted } = await ask(
      [['DEADLINE_EXCEEDED'], ['RESOURCE_EXHAUSTED', { retryAfterMs: 1 }]],
      1,
    )
    assert.equal(calls, 2)
    assert.deepEqual(emitted, FAILED)
  })

  const lasting: readonly (readonly [ErrorCode, ServingErrorOptions?])[] = [
    ['INVALID_ARGUMENT'],
    ['NOT_FOUND'],
    ['UNAUTHENTICATED'],
    ['RESOURCE_EXHAUSTED', { httpStatus: 413 }],
  ]
  for (const failure of lasting) {
    test(`is not made again where that changes nothing: ${failure[0]}`, async () => {
      const { calls, emitted } = await ask([failure], 5)
      assert.equal(calls, 1)
      assert.deepEqual(emitted, FAILED)
    })
  }
})

test('a line that has no answer at the stop has no line of output: the next run asks for it', async () => {
  const stopped = await ask([['UNAVAILABLE'], ['UNAVAILABLE']], 5, 2)
  assert.equal(stopped.calls, 2)
  assert.deepEqual(stopped.emitted, [])
  const answered = await ask([], 5, 1)
  assert.equal(answered.emitted.length, 1)
})
