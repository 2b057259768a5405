import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import * as grpc from '@grpc/grpc-js'
import { ServingError } from '@millrace/sdk'
import type { AdmissionCheck } from '../admission-check.ts'
import { listenGrpc } from './grpc-listener.ts'
import type { GrpcLimits, GrpcMethod } from './grpc-types.ts'
import {
  CHAT,
  chat,
  closed,
  collect,
  ECHO,
  frame,
  grpcClient,
  LIMITS,
  open,
  rawSession,
  toStatus,
} from './listener-fixture.ts'

const OPEN = '/test.Service/Open'

/** A listener whose methods, but for one, ask `check`. */
async function start(t: TestContext, check: AdmissionCheck, limits: Partial<GrpcLimits> = {}) {
  const seen: Readonly<{ [name: string]: string }>[] = []
  const echo: GrpcMethod = {
    kind: 'unary',
    handle(message, call) {
      seen.push(call.headers)
      return message
    },
  }
  const listener = await listenGrpc({
    host: '127.0.0.1',
    port: 0,
    limits: { ...LIMITS, ...limits },
    methods: new Map<string, GrpcMethod>([
      [ECHO, echo],
      [CHAT, chat],
      [OPEN, echo],
    ]),
    toStatus,
    admissionOf: path => (path === OPEN ? null : check),
  })
  t.after(() => listener.close(0))
  return { client: grpcClient(t, listener.port), port: listener.port, seen }
}

const refusal = () => new ServingError('UNAUTHENTICATED', 'who are you?')
const a = Buffer.from('a')

for (const isAsync of [false, true]) {
  const kind = isAsync ? 'a check that takes its time' : 'a check that knows at once'

  test(`${kind} lets calls through without what it has used`, async t => {
    const { client, seen } = await start(t, head => {
      delete head.headers['authorization']
      return isAsync ? Promise.resolve() : undefined
    })
    const metadata = new grpc.Metadata()
    metadata.set('authorization', 'Bearer x')
    metadata.set('x-own', 'kept')
    const large = Buffer.alloc(3_000_000, 1)
    assert.deepEqual(await client.unary(ECHO, large, {}, metadata), large)
    assert.equal(seen[0]?.['authorization'], undefined)
    assert.equal(seen[0]?.['x-own'], 'kept')

    const call = client.stream(CHAT)
    const answers: string[] = []
    call.on('data', (answer: Buffer) => answers.push(answer.toString()))
    for (const text of ['one', 'two', 'three']) call.write(Buffer.from(text))
    call.end()
    assert.equal((await call.finalStatus).code, grpc.status.OK)
    assert.deepEqual(answers, ['one', 'two', 'three'])
  })

  test(`${kind} refuses before the handler sees anything`, async t => {
    const { client, seen } = await start(t, () => {
      if (isAsync) return Promise.reject(refusal())
      throw refusal()
    })
    const expected = { code: grpc.status.UNAUTHENTICATED, details: 'who are you?' }
    await assert.rejects(client.unary(ECHO, a), expected)
    await assert.rejects(client.unary(ECHO, Buffer.alloc(3_000_000)), expected)
    const call = client.stream(CHAT)
    call.write(a)
    assert.equal((await call.finalStatus).code, grpc.status.UNAUTHENTICATED)
    assert.equal(seen.length, 0)
    assert.equal((await client.unary(OPEN, a)).toString(), 'a')
  })
}

test('what arrives while a check goes on counts among the bytes held', async t => {
  const { promise: never } = Promise.withResolvers<void>()
  const { client, port } = await start(t, () => never, { maxInFlightBytes: 100_000 })
  const session = rawSession(t, port)
  const stream = open(session, ECHO)
  stream.write(frame(Buffer.alloc(200_000)))
  const { status, message } = await collect(stream)
  assert.equal(status, String(grpc.status.RESOURCE_EXHAUSTED))
  assert.match(message, /100000 bytes that may be held/)
  // All of it has been given back.
  assert.equal((await client.unary(OPEN, Buffer.alloc(90_000))).length, 90_000)
})

test('a client that leaves while a check goes on takes its call along', async t => {
  const checked = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  const { client, port, seen } = await start(
    t,
    () => {
      asked.resolve()
      return checked.promise
    },
    { maxConcurrentCalls: 1 },
  )
  const session = rawSession(t, port)
  const stream = open(session, ECHO)
  stream.end(frame(a))
  await asked.promise
  stream.close(grpc.status.CANCELLED)
  await closed(stream)
  session.destroy()
  await once(session, 'close')
  checked.resolve()
  await checked.promise
  let reply: Buffer | undefined
  while (reply === undefined) reply = await client.unary(OPEN, a).catch(() => undefined)
  assert.equal(seen.length, 1)
})

test('a check that hangs ends at the deadline, and its handler is never asked', async t => {
  const { promise: never } = Promise.withResolvers<void>()
  const { client, seen } = await start(t, () => never, { requestTimeoutMs: 100 })
  await assert.rejects(client.unary(ECHO, a), { code: grpc.status.DEADLINE_EXCEEDED })
  assert.equal(seen.length, 0)
})
