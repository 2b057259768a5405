import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { collect, ECHO, frame, grpcClient, open, rawSession, startBed, unframe } from './listener-fixture.ts'

const LARGE_BYTES = 4_000_000

/** Echoes each message, and keeps it. */
async function startKeeping(t: TestContext, isRequestDone: boolean, fail?: () => never) {
  const kept: Uint8Array[] = []
  const bed = await startBed(t, {
    [ECHO]: {
      kind: 'unary',
      isRequestDone,
      handle(message) {
        kept.push(message)
        fail?.()
        return [message.subarray(0, 10), message.subarray(10)]
      },
    },
  })
  return { bed, kept, client: grpcClient(t, bed.port) }
}

test('the memory of a request is freed behind the answer, once its method has said so', async t => {
  const { bed, kept, client } = await startKeeping(t, true)
  const messages = Array.from({ length: 5 }, () => randomBytes(LARGE_BYTES))
  const answers = await Promise.all(messages.map(message => client.unary(ECHO, message)))
  assert.ok(answers.every((answer, index) => answer.equals(messages[index]!)))
  await bed.finished(5)
  assert.deepEqual(
    kept.map(message => message.byteLength),
    [0, 0, 0, 0, 0],
  )
})

test('messages that share the memory of one read do not empty each other', async t => {
  const { client } = await startKeeping(t, true)
  const messages = Array.from({ length: 200 }, () => randomBytes(100))
  const answers = await Promise.all(messages.map(message => client.unary(ECHO, message)))
  assert.ok(answers.every((answer, index) => answer.equals(messages[index]!)))
})

test('without that word, and after a failure, the memory stays with whoever keeps it', async t => {
  const message = randomBytes(LARGE_BYTES)
  const silent = await startKeeping(t, false)
  await silent.client.unary(ECHO, message)
  await silent.bed.finished(1)
  assert.ok(message.equals(silent.kept[0]!))

  const failing = await startKeeping(t, true, () => {
    throw new Error('a failure whose work may still go on')
  })
  await assert.rejects(failing.client.unary(ECHO, message))
  await failing.bed.finished(1)
  assert.ok(message.equals(failing.kept[0]!))
})

test('a client that reads slowly gets every byte of an answer that shows its request', async t => {
  const { bed, kept } = await startKeeping(t, true)
  const session = rawSession(t, bed.port)
  const message = randomBytes(LARGE_BYTES)
  const stream = open(session, ECHO)
  stream.pause()
  stream.end(frame(message))
  await once(stream, 'response')
  // The client's window is full long before: what is left is read out of the request's memory later.
  await setImmediate()
  assert.equal(kept[0]?.byteLength, LARGE_BYTES)
  const reply = collect(stream)
  stream.resume()
  const { data, status } = await reply
  assert.equal(status, '0')
  assert.ok(unframe(data)[0]?.equals(message))
  await bed.finished(1)
  assert.equal(kept[0]?.byteLength, 0)
})

test('a client that leaves before it has its answer leaves the memory alone', async t => {
  const { bed, kept } = await startKeeping(t, true)
  const session = rawSession(t, bed.port)
  const stream = open(session, ECHO)
  stream.pause()
  stream.end(frame(randomBytes(LARGE_BYTES)))
  await once(stream, 'response')
  session.destroy()
  await bed.finished(1)
  assert.equal(kept[0]?.byteLength, LARGE_BYTES)
})
