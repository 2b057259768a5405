import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { fastify } from 'fastify'
import { QUIET } from '../test/manager-bed.ts'
import { type EventStream, streamEvents } from './server-sent-events.ts'

async function serve(t: TestContext, work: (stream: EventStream) => Promise<void>, heartbeatMs = 10_000) {
  const closing = new AbortController()
  const complaints: string[] = []
  const log = { ...QUIET, error: (message: string) => void complaints.push(message) }
  const app = fastify({ forceCloseConnections: true })
  app.get('/', (_request, reply) => streamEvents(reply, { heartbeatMs, signal: closing.signal, log }, work))
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  t.after(() => app.close())
  return { url, closing, complaints }
}

test('writes events with their names, ids and lines', async t => {
  const { url } = await serve(t, async stream => {
    await stream.send({ event: 'Log', id: 0, data: 'one\ntwo' })
    await stream.send({ data: '' })
  })
  const response = await fetch(url)
  assert.equal(response.headers.get('cache-control'), 'no-cache, no-transform')
  assert.equal(await response.text(), 'event: Log\nid: 0\ndata: one\ndata: two\n\ndata: \n\n')
})

test('beats while nothing happens, and ends when the manager closes', async t => {
  const waiting = Promise.withResolvers<void>()
  const { url, closing, complaints } = await serve(
    t,
    async ({ signal }) => {
      waiting.resolve()
      await once(signal, 'abort')
    },
    5,
  )
  const response = await fetch(url)
  await waiting.promise
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    if (text.length >= 6) closing.abort()
  }
  assert.match(text, /^(:\n\n){2,}$/)
  assert.deepEqual(complaints, [])
})

test('a client that does not read is waited for, and one that leaves ends the work', async t => {
  const over = Promise.withResolvers<number>()
  const full = Promise.withResolvers<void>()
  const { url } = await serve(t, async stream => {
    const { signal } = stream
    let sent = 0
    for (; !signal.aborted; sent++) {
      const sending = stream.send({ data: 'x'.repeat(100_000) })
      const isWaiting = await Promise.race([sending.then(() => false), delayed().then(() => true)])
      if (isWaiting) full.resolve()
      await sending
    }
    over.resolve(sent)
  })
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.pause()
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  await full.promise
  socket.destroy()
  // Buffers of the machine hold some megabytes, not the gigabytes that were to come.
  assert.ok((await over.promise) < 1_000)
})

test('work that fails cuts the stream off, and is logged', async t => {
  const { url, complaints } = await serve(t, async stream => {
    await stream.send({ data: 'first' })
    throw new Error('broken')
  })
  await assert.rejects(async () => (await fetch(url)).text())
  assert.deepEqual(complaints, ['a stream of events was cut off'])
})

function delayed(): Promise<void> {
  return new Promise(resolve => {
    let turns = 0
    const turn = () => (++turns > 200 ? resolve() : setImmediate(turn))
    turn()
  })
}
