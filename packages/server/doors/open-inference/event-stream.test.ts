import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type InferenceResponse, ServingError } from '@millrace/sdk'
import type { HttpRequest } from '../../transport/index.ts'
import { eventStream } from './event-stream.ts'
import { HttpCall } from './http-call.ts'

const ANSWER: InferenceResponse = {
  modelName: 'm',
  modelVersion: undefined,
  id: undefined,
  parameters: undefined,
  outputs: [],
}

test('a stream that is given up before anything of it is read is closed', async () => {
  let isOpen = false
  async function* answers() {
    isOpen = true
    try {
      yield ANSWER
      yield ANSWER
    } finally {
      isOpen = false
    }
  }
  const events = await iterate(answers())
  assert.equal(isOpen, true)
  await events.return?.()
  assert.equal(isOpen, false)
  assert.equal((await events.next()).done, true)
})

test('a failure after the first event is an event, and the last', async () => {
  const events = await iterate(failing())
  const said: string[] = []
  for (let step = await events.next(); step.done !== true; step = await events.next())
    said.push(Buffer.from(step.value).toString())
  assert.equal(said.length, 2)
  assert.match(said[1]!, /^data: .*gone/)
})

async function iterate(answers: AsyncIterable<InferenceResponse>): Promise<AsyncIterator<Uint8Array>> {
  const call = new HttpCall({} as HttpRequest)
  const { body } = await eventStream(answers, call, () => Buffer.from('data: {}\n\n'))
  return (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
}

async function* failing() {
  yield ANSWER
  throw new ServingError('UNAVAILABLE', 'gone')
}
