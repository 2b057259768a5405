import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { followLog } from './follow-log.ts'

async function serve(t: TestContext, handle: RequestListener): Promise<string> {
  const server = createServer(handle)
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function follower() {
  let lines: string[] = []
  const states: string[] = []
  return {
    states,
    lines: () => lines,
    options: {
      pause: () => Promise.resolve(),
      onLines: (more: readonly string[], isFresh: boolean) =>
        void (lines = isFresh ? [...more] : [...lines, ...more]),
      onState: (state: { kind: string; message?: string }) =>
        void states.push(state.message === undefined ? state.kind : `${state.kind}: ${state.message}`),
    },
  }
}

const HEAD = { 'content-type': 'text/event-stream' }

test('goes on behind the last line when the connection breaks', async t => {
  const asked: (string | undefined)[] = []
  const url = await serve(t, (request, response) => {
    asked.push(request.headers['last-event-id'] as string | undefined)
    response.writeHead(200, HEAD)
    if (asked.length === 1) {
      response.write('event: Log\nid: 0\ndata: one\n\nevent: Log\nid: 1\ndata: two\n\n', () =>
        response.destroy(),
      )
    } else response.end('event: Log\nid: 2\ndata: three\n\nevent: EndOfStream\ndata: \n\n')
  })
  const { states, lines, options } = follower()
  await followLog({ url, signal: t.signal, ...options })
  assert.deepEqual(lines(), ['one', 'two', 'three'])
  assert.deepEqual(asked, [undefined, '1'])
  assert.deepEqual(states, ['connecting', 'live', 'interrupted', 'live', 'ended'])
})

test('a log without numbers begins anew, and ends when it is not there any more', async t => {
  let asked = 0
  const url = await serve(t, (_request, response) => {
    asked++
    if (asked < 3) response.writeHead(200, HEAD).end('data: a\n\ndata: b\n\n')
    else response.writeHead(404).end('{"message":"gone"}')
  })
  const { states, lines, options } = follower()
  await followLog({ url, signal: t.signal, ...options })
  assert.deepEqual(lines(), ['a', 'b'])
  assert.deepEqual(states.at(-1), 'failed: gone')
})

test('ends when nobody looks any more', async t => {
  const url = await serve(t, (_request, response) => void response.writeHead(200, HEAD).write('data: a\n\n'))
  const { states, options } = follower()
  const leaving = new AbortController()
  const onLines = (lines: readonly string[]) => {
    if (lines.length > 0) leaving.abort()
  }
  await followLog({ url, signal: leaving.signal, ...options, onLines })
  assert.deepEqual(states, ['connecting', 'live'])
})
