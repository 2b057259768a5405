import assert from 'node:assert/strict'
import { once } from 'node:events'
import { constants } from 'node:http2'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import * as grpc from '@grpc/grpc-js'
import { ServingError } from '@millrace/sdk'
import type { GrpcCall, GrpcMethod } from './grpc-types.ts'
import {
  CHAT,
  collect,
  ECHO,
  echo,
  frame,
  type GrpcClient,
  grpcClient,
  nextData,
  open,
  rawFrames,
  rawSession,
  startBed,
} from './listener-fixture.ts'

/** How calls end that are not answered: deadlines, cancellation, lost connections. */

const STUCK = '/test.Service/Stuck'

/** A method that never answers, and the calls that are in it. */
function stuck(kind: 'unary' | 'stream') {
  const calls: GrpcCall[] = []
  const { promise: entered, resolve } = Promise.withResolvers<GrpcCall>()
  const enter = (call: GrpcCall) => {
    calls.push(call)
    resolve(call)
    return new Promise<never>(() => {})
  }
  const method: GrpcMethod =
    kind === 'unary'
      ? { kind, handle: (_message, call) => enter(call) }
      : {
          kind,
          // eslint-disable-next-line require-yield
          async *handle(_messages, call) {
            await enter(call)
          },
        }
  return { method, calls, entered }
}

function startCall(client: GrpcClient, kind: 'unary' | 'stream'): () => void {
  if (kind === 'stream') {
    const stream = client.stream(STUCK)
    return () => stream.cancel()
  }
  const reply = client.unary(STUCK, Buffer.from('m'))
  reply.catch(() => {})
  return () => reply.call.cancel()
}

async function reasonOf(signal: AbortSignal): Promise<string> {
  if (!signal.aborted) await once(signal, 'abort')
  const reason: unknown = signal.reason
  assert.ok(ServingError.is(reason))
  return reason.code
}

for (const kind of ['unary', 'stream'] as const) {
  test(`${kind}: the client's deadline ends a call whose handler never settles`, async t => {
    const { method, entered, calls } = stuck(kind)
    const bed = await startBed(t, { [STUCK]: method, [ECHO]: echo }, { maxConcurrentCalls: 1 })
    const stream = open(rawSession(t, bed.port), STUCK, { 'grpc-timeout': '30m' })
    const reply = collect(stream)
    stream.end(frame(Buffer.from('m')))
    const reason = entered.then(call => reasonOf(call.signal))
    const { status, message } = await reply
    assert.equal(status, '4')
    assert.match(message, /30 ms/)
    assert.equal(await reason, 'DEADLINE_EXCEEDED')
    assert.ok(Number.isFinite(calls[0]?.deadlineMs))
    assert.equal((await bed.finished(1))[0]?.code, 4)
    // Its slot is free, though its handler is still there.
    assert.deepEqual(await grpcClient(t, bed.port).unary(ECHO, Buffer.from('next')), Buffer.from('next'))
  })

  test(`${kind}: a deadline that has passed on arrival`, async t => {
    const { method } = stuck(kind)
    const bed = await startBed(t, { [STUCK]: method })
    const stream = open(rawSession(t, bed.port), STUCK, { 'grpc-timeout': '0n' })
    assert.equal((await collect(stream)).status, '4')
  })

  test(`${kind}: a deadline that cannot be read is refused`, async t => {
    const { method, calls } = stuck(kind)
    const bed = await startBed(t, { [STUCK]: method })
    const stream = open(rawSession(t, bed.port), STUCK, { 'grpc-timeout': '1x' })
    const { status, message } = await collect(stream)
    assert.equal(status, '3')
    assert.match(message, /grpc-timeout is '1x'/)
    assert.equal(calls.length, 0)
    assert.equal((await bed.finished(1))[0]?.code, 3)
  })

  test(`${kind}: a deadline further away than timers reach`, async t => {
    const bed = await startBed(t, { [ECHO]: echo, [CHAT]: { kind: 'stream', handle: messages => messages } })
    const stream = open(rawSession(t, bed.port), kind === 'unary' ? ECHO : CHAT, {
      'grpc-timeout': '99999999H',
    })
    const reply = collect(stream)
    stream.end(frame(Buffer.from('m')))
    assert.equal((await reply).status, '0')
  })

  test(`${kind}: the handler learns that the client cancelled`, async t => {
    const { method, entered } = stuck(kind)
    const bed = await startBed(t, { [STUCK]: method })
    const cancel = startCall(grpcClient(t, bed.port), kind)
    const { signal } = await entered
    assert.equal(signal.aborted, false)
    cancel()
    assert.equal(await reasonOf(signal), 'CANCELLED')
    assert.equal((await bed.finished(1))[0]?.code, 1)
  })

  test(`${kind}: the handler learns that the connection is lost`, async t => {
    const { method, entered } = stuck(kind)
    const bed = await startBed(t, { [STUCK]: method })
    const session = rawSession(t, bed.port)
    open(session, STUCK).end(frame(Buffer.from('m')))
    const call = await entered
    session.destroy()
    await bed.finished(1)
    // Asked for only now, and aborted all the same.
    assert.equal(await reasonOf(call.signal), 'CANCELLED')
  })

  for (const code of [
    constants.NGHTTP2_NO_ERROR,
    constants.NGHTTP2_CANCEL,
    constants.NGHTTP2_INTERNAL_ERROR,
  ]) {
    test(`${kind}: a reset with code ${code} cancels`, async t => {
      const { method, entered } = stuck(kind)
      const bed = await startBed(t, { [STUCK]: method })
      const stream = open(rawSession(t, bed.port), STUCK)
      stream.write(frame(Buffer.from('m')))
      if (kind === 'unary') stream.end()
      const { signal } = await entered
      if (kind === 'stream') {
        // So that the stream is paused with something left to read.
        for (let round = 0; round < 3; round++) {
          await new Promise<void>(resolve => stream.write(frame(Buffer.from('n')), () => resolve()))
          await new Promise(resolve => stream.session?.ping(resolve))
        }
      }
      stream.close(code)
      assert.equal(await reasonOf(signal), 'CANCELLED')
      assert.equal((await bed.finished(1))[0]?.code, 1)
    })
  }
}

for (const code of [constants.NGHTTP2_NO_ERROR, constants.NGHTTP2_CANCEL]) {
  test(`unary: a request that is reset with code ${code} before its end is not handled`, async t => {
    const { method, calls } = stuck('unary')
    const bed = await startBed(t, { [STUCK]: method })
    const { socket, headers, data, reset } = rawFrames(t, bed.port)
    socket.write(Buffer.concat([headers(1, STUCK), data(1, frame(Buffer.from('m')), false)]))
    while (bed.starts.length === 0) await new Promise(resolve => setImmediate(resolve))
    socket.write(reset(1, code))
    assert.equal((await bed.finished(1))[0]?.code, 1)
    assert.equal(calls.length, 0)
    socket.destroy()
  })
}

for (const sizeBytes of [10, 10_000_000]) {
  test(`unary: an answer of ${sizeBytes} bytes that the client does not wait for is not a success`, async t => {
    const bed = await startBed(t, { [ECHO]: { kind: 'unary', handle: () => Buffer.alloc(sizeBytes) } })
    // No window: the headers come, and the answer waits.
    const stream = open(rawSession(t, bed.port, { settings: { initialWindowSize: 0 } }), ECHO)
    stream.end(frame(Buffer.alloc(0)))
    await once(stream, 'response')
    stream.close(constants.NGHTTP2_CANCEL)
    const [observation] = await bed.finished(1)
    assert.deepEqual([observation?.code, observation?.messagesSent], [1, 1])
  })
}

test('stream: a request that is cut off does not look complete to its handler', async t => {
  const { promise: seen, resolve } = Promise.withResolvers<string>()
  const bed = await startBed(t, {
    [CHAT]: {
      kind: 'stream',
      async *handle(messages) {
        try {
          for await (const message of messages) if (message.length === 0) yield message
          resolve('complete')
        } catch (error) {
          resolve(ServingError.from(error, '').code)
        }
      },
    },
  })
  const { socket, headers, data, reset } = rawFrames(t, bed.port)
  socket.write(Buffer.concat([headers(1, CHAT), data(1, frame(Buffer.from('m')), false)]))
  while (bed.starts.length === 0) await new Promise(resolve => setImmediate(resolve))
  socket.write(reset(1, constants.NGHTTP2_CANCEL))
  assert.equal(await seen, 'CANCELLED')
  socket.destroy()
})

test('a handler that throws nothing has failed all the same', async t => {
  const { promise: failed, resolve } = Promise.withResolvers<GrpcCall>()
  const nothing: unknown = undefined
  const bed = await startBed(t, {
    [ECHO]: {
      kind: 'unary',
      handle(_message, call) {
        resolve(call)
        throw nothing
      },
    },
  })
  await assert.rejects(grpcClient(t, bed.port).unary(ECHO, Buffer.alloc(0)), { code: grpc.status.INTERNAL })
  assert.equal(await reasonOf((await failed).signal), 'INTERNAL')
})

test('unary: the listener has a deadline of its own', async t => {
  const { method } = stuck('unary')
  const bed = await startBed(t, { [STUCK]: method }, { requestTimeoutMs: 20 })
  const client = grpcClient(t, bed.port)
  await assert.rejects(client.unary(STUCK, Buffer.alloc(0), { deadline: Date.now() + 60_000 }), {
    code: grpc.status.DEADLINE_EXCEEDED,
    details: 'the call was not answered within 20 ms',
  })
})

test('unary: work with a time limit of its own outlasts that of the listener', async t => {
  const slow: GrpcMethod = {
    kind: 'unary',
    hasOwnTimeLimit: true,
    async handle(message, { signal, deadlineMs }) {
      assert.equal(deadlineMs, Number.POSITIVE_INFINITY)
      await delay(100)
      assert.equal(signal.aborted, false)
      return message
    },
  }
  const { method } = stuck('unary')
  const methods = { [ECHO]: slow, [STUCK]: { ...method, hasOwnTimeLimit: true } as GrpcMethod }
  const bed = await startBed(t, methods, { requestTimeoutMs: 20 })
  const client = grpcClient(t, bed.port)
  assert.deepEqual(await client.unary(ECHO, Buffer.from('a')), Buffer.from('a'))
  // A deadline of the client's still ends it, and a request that is never complete is not waited for.
  await assert.rejects(client.unary(STUCK, Buffer.alloc(0), { deadline: Date.now() + 50 }), {
    code: grpc.status.DEADLINE_EXCEEDED,
  })
  const stream = open(rawSession(t, bed.port), ECHO)
  stream.write(frame(Buffer.alloc(1), 0, 1000))
  assert.equal((await collect(stream)).status, '4')
})

test('unary: a client that never completes its request is not waited for', async t => {
  const bed = await startBed(t, { [ECHO]: echo }, { requestTimeoutMs: 20 })
  const stream = open(rawSession(t, bed.port), ECHO)
  stream.write(frame(Buffer.alloc(1), 0, 1000))
  assert.equal((await collect(stream)).status, '4')
})

test('unary: what a handler comes up with after the deadline is dropped', async t => {
  const late: Promise<unknown>[] = []
  const method: GrpcMethod = {
    kind: 'unary',
    async handle(message, call) {
      const { promise, resolve } = Promise.withResolvers<void>()
      late.push(promise)
      await reasonOf(call.signal)
      setImmediate(resolve)
      if (message.length > 0) throw new Error('late')
      return Buffer.from('late')
    },
  }
  const bed = await startBed(t, { [STUCK]: method }, { requestTimeoutMs: 10 })
  const client = grpcClient(t, bed.port)
  for (const message of [Buffer.alloc(0), Buffer.alloc(1)]) {
    await assert.rejects(client.unary(STUCK, message), { code: grpc.status.DEADLINE_EXCEEDED })
  }
  await Promise.all(late)
  assert.deepEqual(
    bed.observations.map(({ code, messagesSent }) => [code, messagesSent]),
    [
      [4, 0],
      [4, 0],
    ],
  )
})

test('unary: a client that does not fetch its answer is reset at the deadline', async t => {
  const bed = await startBed(
    t,
    { [ECHO]: { kind: 'unary', handle: () => Buffer.alloc(10_000_000) } },
    { requestTimeoutMs: 300, maxConcurrentCalls: 1 },
  )
  const session = rawSession(t, bed.port)
  const stream = open(session, ECHO)
  stream.end(frame(Buffer.alloc(0)))
  await once(stream, 'response')
  const [observation] = await bed.finished(1)
  assert.equal(observation?.code, 4)
  if (!stream.destroyed) await once(stream, 'close')
  assert.equal(stream.rstCode, constants.NGHTTP2_CANCEL)
})

test('stream: a deadline reaches a client that reads what came before', async t => {
  const method: GrpcMethod = {
    kind: 'stream',
    async *handle() {
      yield Buffer.from('first')
      await new Promise(() => {})
    },
  }
  const bed = await startBed(t, { [CHAT]: method })
  const stream = grpcClient(t, bed.port).stream(CHAT, { deadline: Date.now() + 60_000 })
  assert.deepEqual(await nextData(stream), Buffer.from('first'))
  stream.cancel()

  const raw = open(rawSession(t, bed.port), CHAT, { 'grpc-timeout': '50m' })
  const { status, trailers, data } = await collect(raw)
  assert.equal(status, '4')
  assert.equal(trailers['grpc-status'], '4')
  assert.deepEqual(data, frame(Buffer.from('first')))
})

test('stream: silence ends it', async t => {
  const { method } = stuck('stream')
  const bed = await startBed(t, { [STUCK]: method }, { streamIdleTimeoutMs: 20 })
  const { status, message } = await collect(open(rawSession(t, bed.port), STUCK))
  assert.equal(status, '4')
  assert.match(message, /no message went either way for 20 ms/)
})
