import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Connection, OpenSession } from './connection.ts'
import { echo, openCaller, PATH, startBed } from './http2-server-fixture.ts'
import { isNeverSent } from './never-sent.ts'
import { openSession } from './open-session.ts'
import { parseGrpcTarget } from './target.ts'
import type { UnaryCaller } from './unary-caller.ts'

const asking = (caller: UnaryCaller, timeoutMs = 60_000) =>
  caller.method(PATH)(
    { timeoutMs },
    () => [Buffer.of(1)],
    answer => [...answer],
  )

/** A server that accepts connections and does with them what a test says. */
async function listenTcp(t: TestContext, onSocket: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    onSocket(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('calls that wait share the attempt to connect, and fail with it', async t => {
  let count = 0
  const target = await listenTcp(t, socket => {
    count++
    socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  })
  const caller = openCaller(t, { target })
  const results = await Promise.allSettled(Array.from({ length: 5 }, () => asking(caller)))
  for (const result of results) {
    assert.ok(result.status === 'rejected')
    assert.match(String(result.reason), /No connection established to 127\.0\.0\.1:\d+: /)
    assert.ok(isNeverSent(result.reason))
  }
  assert.equal(count, 1)
  // For a moment nobody tries again.
  await assert.rejects(asking(caller), isNeverSent)
  assert.equal(count, 1)
})

test('a name that nobody knows, and a port that nobody has', async t => {
  const free = createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const { port } = free.address() as AddressInfo
  await new Promise(resolve => free.close(resolve))
  for (const [target, reason] of [
    ['no-such-name.invalid:1', /No connection established to no-such-name.invalid:1: /],
    [`127.0.0.1:${port}`, /ECONNREFUSED/],
  ] as const) {
    await assert.rejects(asking(openCaller(t, { target })), error => {
      assert.match(String(error), reason)
      return isNeverSent(error)
    })
  }
})

test('who waits for a connection gets it when there is one, or leaves', async t => {
  let isSilent = true
  const { server, target } = await startBed(t, echo)
  const proxy = await listenTcp(t, socket => {
    if (isSilent) {
      isSilent = false
      socket.destroy()
    } else server.emit('connection', socket)
  })
  const caller = openCaller(t, { target: proxy })
  await caller.connect(new AbortController().signal)
  assert.deepEqual(await asking(caller), [1])
  const deaf = await listenTcp(t, () => {})
  const waiting = openCaller(t, { target: deaf })
  await assert.rejects(asking(waiting, 30), { code: 'DEADLINE_EXCEEDED' })
  const controller = new AbortController()
  const connecting = waiting.connect(controller.signal)
  controller.abort(new Error('enough'))
  await assert.rejects(connecting, { message: 'enough' })
  assert.ok(target)
})

test('closing lets running calls finish and refuses those without a connection', async t => {
  const arrived = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  const { caller, ask } = await startBed(t, (stream, headers) => {
    arrived.resolve()
    void released.promise.then(() => echo(stream, headers))
  })
  const running = ask(Buffer.of(3))
  await arrived.promise
  caller.close()
  caller.close()
  released.resolve()
  assert.deepEqual([...(await running)], [3])
  await assert.rejects(ask(), { code: 'FAILED_PRECONDITION', message: 'the client is closed' })

  const waiting = openCaller(t, { target: await listenTcp(t, () => {}) })
  const asked = asking(waiting)
  waiting.close()
  await assert.rejects(asked, error => {
    assert.match(String(error), /closed before there was a connection/)
    return isNeverSent(error)
  })
})

test('a server behind a path, and behind IPv6', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-grpc-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const { ask } = await startBed(t, echo, {}, { path: join(folder, 'a.sock') })
  assert.deepEqual([...(await ask(Buffer.of(9)))], [9])
  await t.test('IPv6', async t => {
    let target: string
    try {
      const { server } = await startBed(t, echo, {}, { host: '::1', port: 0 })
      target = `[::1]:${(server.address() as AddressInfo).port}`
    } catch {
      t.skip('there is no IPv6 here')
      return
    }
    assert.deepEqual(await asking(openCaller(t, { target })), [1])
  })
})

test('a name with several addresses is tried at each of them', async t => {
  // `localhost` is often both ::1, where nobody listens, and 127.0.0.1.
  const { server } = await startBed(t, echo)
  const { port } = server.address() as AddressInfo
  assert.deepEqual(await asking(openCaller(t, { target: `localhost:${port}` })), [1])
})

test('several connections are used in turn', async t => {
  const { ask, connectionCount } = await startBed(t, echo, { maxConnections: 3 })
  for (let index = 0; index < 7; index++) await ask()
  assert.equal(connectionCount(), 3)
})

for (const isSilent of [true, false]) {
  test(`a session whose server ${isSilent ? 'is silent to' : 'answers'} a ping`, async t => {
    const { server } = await startBed(t, echo)
    const { port } = server.address() as AddressInfo
    let isHeld = false
    const proxied = await listenTcp(t, socket => {
      const onward = connect(port, '127.0.0.1')
      t.after(() => onward.destroy())
      socket.on('data', data => onward.write(data))
      onward.on('data', data => isHeld || socket.write(data))
    })
    const { signal } = new AbortController()
    const session = new OpenSession(await openSession(parseGrpcTarget(proxied), undefined, signal, () => {}))
    t.after(() => session.http2.destroy())
    session.http2.on('error', () => {})
    session.enter()
    const closed = new Promise<void>(resolve => void session.http2.once('close', resolve))
    t.mock.timers.enable({ apis: ['setTimeout'] })
    isHeld = isSilent
    session.suspect()
    // One is enough for a while.
    session.suspect()
    // A ping is answered behind those before it.
    if (!isSilent) await new Promise<void>(resolve => void session.http2.ping(() => resolve()))
    t.mock.timers.tick(5000)
    if (isSilent) await closed
    assert.equal(session.isUsable, !isSilent)
  })
}

test('a session that has run out of stream numbers makes way for a new one', async t => {
  const { target, connectionCount } = await startBed(t, echo)
  const connection = new Connection(parseGrpcTarget(target), undefined)
  t.after(() => connection.close())
  const next = () =>
    new Promise<OpenSession>((resolve, reject) => connection.use({ onSession: resolve, onNoSession: reject }))
  const first = await next()
  connection.retireAfter(first, 1001)
  assert.equal(await next(), first)
  connection.retireAfter(first, 2 ** 31 - 1)
  assert.equal(first.isUsable, false)
  assert.notEqual(await next(), first)
  assert.equal(connectionCount(), 2)
})

test('an idle connection lets the process end, and a unary call loads no other library', async t => {
  const { target } = await startBed(t, echo)
  const program = `
    import { createRequire } from 'node:module'
    import { createGrpcClient } from ${JSON.stringify(new URL('../index.ts', import.meta.url).href)}
    const client = createGrpcClient({ target: ${JSON.stringify(target)} })
    const error = await client.isReady().catch(error => error)
    const loaded = Object.keys(createRequire(import.meta.url).cache).filter(path => path.includes('grpc-js'))
    console.log(JSON.stringify([String(error?.message ?? error), loaded.length]))
  `
  const child = spawn(
    process.execPath,
    ['--conditions=millrace-source', '--input-type=module', '-e', program],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  t.after(() => child.kill())
  const output = (await child.stdout.toArray()).join('')
  assert.deepEqual(JSON.parse(output), ['false', 0])
})
