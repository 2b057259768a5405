import assert from 'node:assert/strict'
import { once } from 'node:events'
import { constants, createServer as createHttp2Server } from 'node:http2'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { ServingError } from '@millrace/sdk'
import { type Reply, startGateway } from './test/gateway-fixture.ts'
import { double, SCALER, scale } from './test/scaler.ts'
import { startServable } from './test/servable-fixture.ts'
import { startServableProcess } from './test/servable-process.ts'
import { application, field, servable, signature, table } from './test/table-fixture.ts'

const BODY = { xs: [1, 2] }

/** An address at which nobody listens. */
async function deadAddress(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return `127.0.0.1:${port}`
}

for (const protocol of ['G1', 'G2', 'G3', 'V2'] as const) {
  test(`${protocol}: a servable is asked in its own protocol`, async t => {
    const running = await startServable(t, scale, protocol)
    const { post } = await startGateway(t, table([], [servable('scaler-1-a', SCALER, [running.endpoint])]))
    assert.deepEqual((await post('/gateway/servable/scaler-1-a', BODY)).body, { total: 3 })
    const [seen] = running.calls
    assert.equal(seen!.signatureName, protocol === 'G1' || protocol === 'G2' ? 'scale' : '')
    assert.deepEqual(seen!.inputs[0]!.shape, [1, 2])
  })
}

test('requests go to each endpoint in turn, and past one that is busy', async t => {
  const hold = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  let isHeld = false
  const slow = await startServable(t, async call => {
    if (isHeld) {
      arrived.resolve()
      await hold.promise
    }
    return scale(call)
  })
  const quick = await startServable(t, scale)
  const { post } = await startGateway(
    t,
    table([], [servable('scaler-1-a', SCALER, [slow.endpoint, quick.endpoint])]),
  )
  for (let count = 0; count < 6; count++) await post('/gateway/servable/scaler-1-a', BODY)
  assert.deepEqual([slow.calls.length, quick.calls.length], [3, 3])
  isHeld = true
  const first = post('/gateway/servable/scaler-1-a', BODY)
  const second = post('/gateway/servable/scaler-1-a', BODY)
  await arrived.promise
  await Promise.race([first, second])
  for (let count = 0; count < 5; count++) await post('/gateway/servable/scaler-1-a', BODY)
  assert.deepEqual([slow.calls.length, quick.calls.length], [4, 9])
  hold.resolve()
  await Promise.all([first, second])
})

test('an endpoint that cannot be connected to is left out, and another is asked in its place', async t => {
  const running = await startServable(t, scale)
  const dead = { id: 'dead', address: await deadAddress(), protocol: 'G3' } as const
  const { post, discovery } = await startGateway(
    t,
    table([], [servable('scaler-1-a', SCALER, [dead, running.endpoint])]),
  )
  for (let count = 0; count < 10; count++) {
    assert.equal((await post('/gateway/servable/scaler-1-a', BODY)).status, 200)
  }
  assert.equal(running.calls.length, 10)

  discovery.change(table([], [servable('scaler-1-a', SCALER, [dead])]))
  const refused = await post('/gateway/servable/scaler-1-a', BODY)
  assert.equal(refused.status, 500)
  assert.match(refused.text, /UNAVAILABLE: No connection established/)

  discovery.change(table([], [servable('scaler-1-a', SCALER, [])]))
  const nobody = await post('/gateway/servable/scaler-1-a', BODY)
  assert.deepEqual([nobody.status, nobody.headers.get('retry-after')], [503, '1'])
  assert.match(nobody.text, /UNAVAILABLE: servable scaler-1-a has no running replica/)
})

test('an endpoint that hands requests back unread is left out as well', async t => {
  const running = await startServable(t, scale)
  let refusedCount = 0
  const refusing = createHttp2Server().on('stream', stream => {
    refusedCount++
    stream.on('error', () => {}).close(constants.NGHTTP2_REFUSED_STREAM)
  })
  refusing.on('session', session => t.after(() => session.destroy()))
  refusing.listen(0, '127.0.0.1')
  t.after(() => refusing.close())
  await once(refusing, 'listening')
  const { port } = refusing.address() as { port: number }
  const endpoint = { id: 'refusing', address: `127.0.0.1:${port}`, protocol: 'G3' } as const
  const { post } = await startGateway(
    t,
    table([], [servable('scaler-1-a', SCALER, [endpoint, running.endpoint])]),
  )
  for (let count = 0; count < 4; count++) {
    assert.equal((await post('/gateway/servable/scaler-1-a', BODY)).status, 200)
  }
  assert.equal(running.calls.length, 4)
  assert.ok(refusedCount > 0)
})

test('what a servable refused is never asked of another one, whatever it says', async t => {
  for (const text of ['busy', 'No connection established. Last error: of its own']) {
    const refusing = () => {
      throw new ServingError('UNAVAILABLE', text)
    }
    const one = await startServable(t, refusing)
    const two = await startServable(t, refusing)
    const { post } = await startGateway(
      t,
      table([], [servable('scaler-1-a', SCALER, [one.endpoint, two.endpoint])]),
    )
    const reply = await post('/gateway/servable/scaler-1-a', BODY)
    assert.equal(reply.status, 500)
    assert.equal(one.calls.length + two.calls.length, 1)
  }
})

/** Asks one request after the other, `width` at a time, until `end` aborts. */
async function load(
  ask: () => Promise<Reply>,
  width: number,
  end: AbortSignal,
  onReply: (reply: Reply) => void,
) {
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (!end.aborted) onReply(await ask())
    }),
  )
}

test('when one of two servables is killed under load, only what was in it fails', async t => {
  const [first, second] = await Promise.all([startServableProcess(t), startServableProcess(t)])
  const { post } = await startGateway(
    t,
    table([], [servable('scaler-1-a', SCALER, [first.endpoint, second.endpoint])]),
  )
  const width = 8
  const end = new AbortController()
  const warm = Promise.withResolvers<void>()
  const enough = Promise.withResolvers<void>()
  let goodCount = 0
  const failed: Reply[] = []
  let enoughAt = Infinity
  const loading = load(
    () => post('/gateway/servable/scaler-1-a', BODY),
    width,
    end.signal,
    reply => {
      if (reply.status !== 200) failed.push(reply)
      else if (++goodCount === 100) warm.resolve()
      else if (goodCount >= enoughAt) enough.resolve()
    },
  )
  await warm.promise
  await first.kill()
  enoughAt = goodCount + 300
  await enough.promise
  end.abort()
  await loading
  assert.ok(failed.length <= width, `${failed.length} failed: ${failed.at(-1)?.text}`)
  for (const { text } of failed) assert.match(text, /UNAVAILABLE/)
})

test('while the table changes under load no request fails, and each sees a whole table', async t => {
  const answers = await Promise.all([1, 2].map(total => startServable(t, () => [double('total', [], total)])))
  const tables = answers.map((answer, index) =>
    table([application('app', [[servable(`scaler-${index}-a`, SCALER, [answer.endpoint]), 100]])]),
  )
  const { post, discovery } = await startGateway(t, tables[0]!)
  const end = new AbortController()
  const done = Promise.withResolvers<void>()
  let count = 0
  const seen = new Set<unknown>()
  const loading = load(
    () => post('/gateway/application/app', BODY),
    8,
    end.signal,
    ({ status, body, text }) => {
      assert.equal(status, 200, text)
      seen.add((body as { total: number }).total)
      // Each change takes the servable away that requests are in.
      if (++count % 5 === 0) discovery.change(tables[(count / 5) % 2]!)
      if (count === 400) done.resolve()
    },
  )
  await Promise.race([done.promise, loading])
  end.abort()
  await loading
  assert.deepEqual(seen, new Set([1, 2]))
})

test('an application that has gone is not answered for any more, by any door', async t => {
  const running = await startServable(t, scale)
  const { post, call, discovery } = await startGateway(
    t,
    table([application('app', [[servable('scaler-1-a', SCALER, [running.endpoint]), 100]])]),
  )
  const inputs = [double('xs', [1, 2], 1, 2)]
  await call('PredictApplication', 'app', inputs)
  discovery.change(table([]))
  await assert.rejects(call('PredictApplication', 'app', inputs), { status: 'NOT_FOUND' })
  assert.equal((await post('/gateway/application/app', BODY)).status, 404)
})

test('a request that is on its way through a pipeline finds its later stages, also when they leave the table', async t => {
  const hold = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  const declared = signature([field('x', 'DT_DOUBLE', [])], [field('x', 'DT_DOUBLE', [])])
  const first = await startServable(t, async ({ inputs }) => {
    arrived.resolve()
    await hold.promise
    return inputs
  })
  const second = await startServable(t, ({ inputs }) => inputs)
  const { post, discovery } = await startGateway(
    t,
    table([
      application(
        'app',
        [[servable('one-1-a', declared, [first.endpoint]), 100]],
        [[servable('two-1-a', declared, [second.endpoint]), 100]],
      ),
    ]),
  )
  const answer = post('/gateway/application/app', { x: 5 })
  await arrived.promise
  discovery.change(table([]))
  hold.resolve()
  assert.deepEqual((await answer).body, { x: 5 })
})
