import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { HttpConnection } from './http-connection.ts'

const REQUEST = Buffer.from('POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\nhi')
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'

/** A server that answers the n-th request of a connection with the n-th of these, each piece in a write of its own. */
async function answering(t: TestContext, answers: readonly (readonly string[])[]): Promise<number> {
  const sockets: Socket[] = []
  const converse = async (socket: Socket) => {
    for (const pieces of answers) {
      const [request] = (await once(socket, 'data')) as [Buffer]
      assert.deepEqual(request, REQUEST)
      for (const piece of pieces) await new Promise(resolve => socket.write(piece, resolve))
    }
  }
  const server = createServer({ noDelay: true }, socket => {
    sockets.push(socket)
    socket.on('error', () => {})
    void converse(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Resolves after so many answers, rejects at the first failure. */
function load(t: TestContext, port: number, answers: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let count = 0
  const connection = new HttpConnection(
    port,
    { request: REQUEST, responseBodyBytes: 5 },
    { onAnswer: () => void (++count === answers && resolve()), onFailure: reject },
  )
  t.after(() => connection.close())
  return promise
}

test('each answer is followed by the next request', async t => {
  const port = await answering(t, [[ANSWER], [ANSWER], [ANSWER]])
  await load(t, port, 3)
})

test('an answer may come in any pieces', async t => {
  const cut = [10, 30, ANSWER.indexOf('\r\n\r\n') + 2, ANSWER.length - 2].map((edge, index, edges) =>
    ANSWER.slice(edges[index - 1] ?? 0, edge),
  )
  const port = await answering(t, [[...cut, ANSWER.slice(-2)], ANSWER.split('')])
  await load(t, port, 2)
})

for (const [what, answer] of [
  ['another status', ANSWER.replace('200', '503')],
  ['another length', ANSWER.replace('5', '6')],
  ['no length', ANSWER.replace('Content-Length: 5\r\n', '')],
]) {
  test(`an answer with ${what} fails the load`, async t => {
    const port = await answering(t, [[answer!]])
    await assert.rejects(load(t, port, 1), /an answer of 5 bytes with status 200 was expected/)
  })
}

test('an answer that announces the end of the connection fails the load', async t => {
  const port = await answering(t, [[ANSWER.replace('\r\n', '\r\nConnection: close\r\n')]])
  await assert.rejects(load(t, port, 1), /ends the connection after an answer/)
})

test('a head without an end fails the load', async t => {
  const port = await answering(t, [[`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(20_000)}`]])
  await assert.rejects(load(t, port, 1), /longer than 16384 bytes/)
})

test('a connection that the server closes fails the load', async t => {
  const server = createServer(socket => socket.destroy())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  await assert.rejects(load(t, (server.address() as AddressInfo).port, 1), /closed the connection|ECONNRESET/)
})
