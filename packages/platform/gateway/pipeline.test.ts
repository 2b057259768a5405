import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { ServingError } from '@millrace/sdk'
import { startGateway } from './test/gateway-fixture.ts'
import { double, SCALER, scale, xs } from './test/scaler.ts'
import { type Answer, startServable } from './test/servable-fixture.ts'
import { application, field, servable, signature, table } from './test/table-fixture.ts'

const FIRST = signature(
  [field('xs', 'DT_DOUBLE', [-1])],
  [field('a', 'DT_DOUBLE', [-1]), field('b', 'DT_DOUBLE', [])],
)
const SECOND = signature([field('a', 'DT_DOUBLE', [-1])], [field('sum', 'DT_DOUBLE', [])])

const split: Answer = ({ inputs }) => {
  const values = [...inputs[0]!.data].map(Number)
  if (values[0] === 13) throw new ServingError('RESOURCE_EXHAUSTED', 'no room')
  return [double('a', [values.length], ...values.map(value => value * 2)), double('b', [], 1)]
}
const sum: Answer = ({ inputs }) => [
  double(
    'sum',
    [],
    [...inputs[0]!.data].map(Number).reduce((total, value) => total + value, 0),
  ),
]

test('a stage gets what the one before answered, as far as it declares it, and nothing else', async t => {
  const one = await startServable(t, split)
  const two = await startServable(t, sum, 'G2')
  const stages = [
    [[servable('one-1-a', FIRST, [one.endpoint]), 100]],
    [[servable('two-1-a', SECOND, [two.endpoint]), 100]],
  ] as const
  const { post } = await startGateway(t, table([application('app', ...stages)]))
  assert.deepEqual((await post('/gateway/application/app', { xs: [1, 2, 3] })).body, { sum: 12 })
  assert.deepEqual(
    two.calls[0]!.inputs.map(({ name }) => name),
    ['a'],
  )

  const failed = await post('/gateway/application/app', { xs: [13] })
  assert.deepEqual(
    [failed.status, failed.body],
    [500, { error: 'InternalUncaught', information: 'RESOURCE_EXHAUSTED: no room' }],
  )
  assert.equal(two.calls.length, 1, 'after a failure no further stage is asked')
})

test('inputs that a stage before made wrong are no fault of the client', async t => {
  const one = await startServable(t, split)
  const two = await startServable(t, sum)
  const strict = signature([field('c', 'DT_DOUBLE', [])], SECOND.outputs)
  const { post } = await startGateway(
    t,
    table([
      application(
        'app',
        [[servable('one-1-a', FIRST, [one.endpoint]), 100]],
        [[servable('two-1-a', strict, [two.endpoint]), 100]],
      ),
    ]),
  )
  const reply = await post('/gateway/application/app', { xs: [1] })
  assert.equal(reply.status, 502)
  assert.match(reply.text, /Missing field c \(inputs of stage 1, servable two-1-a\)/)
})

test('with a given sequence of numbers each variant answers when it is its turn', async t => {
  const answers = [1, 2, 3].map(total => startServable(t, () => [double('total', [], total)]))
  const [a, b, c] = await Promise.all(answers)
  const numbers = [0, 0.49, 0.5, 0.99]
  const variants = [
    [servable('a-1-a', SCALER, [a!.endpoint]), 50],
    [servable('b-1-a', SCALER, [b!.endpoint]), 50],
    [servable('c-1-a', SCALER, [c!.endpoint]), 0],
  ] as const
  const { post, records } = await startGateway(t, table([application('app', variants)]), {
    random: () => numbers.shift()!,
  })
  const totals: unknown[] = []
  for (let count = 0; count < 4; count++)
    totals.push((await post('/gateway/application/app', { xs: [1, 2] })).body)
  assert.deepEqual(totals, [{ total: 1 }, { total: 1 }, { total: 2 }, { total: 2 }])
  while (records.length < 12) await new Promise(resolve => void setImmediate(resolve))
  assert.deepEqual(
    [a!.calls.length, b!.calls.length, c!.calls.length],
    [4, 4, 4],
    'every variant gets every request',
  )
})

test('shadows that hang, fail or take other inputs do not touch the answer', async t => {
  const good = await startServable(t, scale)
  const hanging = await startServable(t, () => new Promise(() => undefined))
  const failing = await startServable(t, () => {
    throw new ServingError('INTERNAL', 'always')
  })
  const picky = await startServable(t, scale)
  const other = signature([field('zs', 'DT_DOUBLE', [-1, 2])], SCALER.outputs)
  const variants = [
    [servable('hanging-1-a', SCALER, [hanging.endpoint]), 0],
    [servable('failing-1-a', SCALER, [failing.endpoint]), 0],
    [servable('picky-1-a', other, [picky.endpoint]), 0],
    [servable('gone-1-a', SCALER, []), 0],
    [servable('good-1-a', SCALER, [good.endpoint]), 100],
  ] as const
  const { post, records, gateway } = await startGateway(t, table([application('app', variants)]), {
    limits: { backgroundTimeoutMs: 300 },
  })
  assert.deepEqual((await post('/gateway/application/app', { xs: [1, 2] })).body, { total: 3 })
  while (records.length < 4) await new Promise(resolve => void setImmediate(resolve))
  const outcomes = new Map(
    records.map(({ servable, outcome }) => [servable.name, 'error' in outcome ? outcome.error.code : 'OK']),
  )
  assert.deepEqual(Object.fromEntries(outcomes), {
    'good-1-a': 'OK',
    'gone-1-a': 'UNAVAILABLE',
    'failing-1-a': 'INTERNAL',
    'hanging-1-a': 'DEADLINE_EXCEEDED',
  })
  assert.equal(picky.calls.length, 0)
  assert.deepEqual(gateway.statistics(), { backgroundCount: 0, droppedCount: 0 })
})

test('beyond the bound shadows are left out, counted and told of, and answers go on', async t => {
  const good = await startServable(t, scale)
  const hanging = await startServable(t, () => new Promise(() => undefined))
  const variants = [
    [servable('good-1-a', SCALER, [good.endpoint]), 100],
    [servable('hanging-1-a', SCALER, [hanging.endpoint]), 0],
  ] as const
  const { post, gateway, log } = await startGateway(t, table([application('app', variants)]), {
    limits: { maxBackgroundCalls: 3 },
  })
  for (let count = 0; count < 8; count++) {
    assert.equal((await post('/gateway/application/app', { xs: [1, 2] })).status, 200)
  }
  assert.deepEqual(gateway.statistics(), { backgroundCount: 3, droppedCount: 5 })
  assert.equal(log.filter(line => line.includes('were left out')).length, 3, 'told at 1, 2 and 4')
  await gateway.close()
  assert.equal(gateway.statistics().backgroundCount, 0)
})

test('records have one id a request, a stage each, and none of what is asked without shadows', async t => {
  const one = await startServable(t, split)
  const two = await startServable(t, sum)
  const first = servable('one-1-a', FIRST, [one.endpoint])
  const shadow = servable('one-2-b', FIRST, [one.endpoint])
  const { post, call, records } = await startGateway(
    t,
    table([
      application(
        'app',
        [
          [first, 100],
          [shadow, 0],
        ],
        [[servable('two-1-a', SECOND, [two.endpoint]), 100]],
      ),
    ]),
  )
  await post('/gateway/application/app', { xs: [1, 2] })
  while (records.length < 3) await new Promise(resolve => void setImmediate(resolve))
  const [requestId, ...others] = new Set(records.map(record => record.requestId))
  assert.ok(requestId !== undefined && others.length === 0)
  const stages = records.map(
    ({ application, servable }) => `${application?.name} ${application?.stage} ${servable.name}`,
  )
  assert.deepEqual(stages.sort(), ['app 0 one-1-a', 'app 0 one-2-b', 'app 1 two-1-a'])
  assert.ok(records.every(({ latencyMs }) => latencyMs >= 0))
  // What was given to the stage, before what it does not declare was left out.
  const second = records.find(({ application }) => application?.stage === '1')
  assert.deepEqual(
    second!.inputs.map(({ name }) => name),
    ['a', 'b'],
  )

  await call('ShadowlessPredictServable', 'one-1-a', [double('xs', [1], 1)])
  await post('/gateway/application/app', { xs: 'no number' })
  assert.equal(records.length, 3)
  await call('PredictServable', 'one-1-a', [double('xs', [1], 1)], { headers: { 'x-request-id': 'mine' } })
  assert.deepEqual([records[3]!.requestId, records[3]!.application], ['mine', undefined])
})

test('monitoring that throws harms no request', async t => {
  const running = await startServable(t, scale)
  const { post, log } = await startGateway(
    t,
    table([], [servable('scaler-1-a', SCALER, [running.endpoint])]),
    {
      record() {
        throw new Error('monitoring is down')
      },
    },
  )
  assert.equal((await post('/gateway/servable/scaler-1-a', { xs: [1, 2] })).status, 200)
  assert.ok(log.some(line => line.includes('could not be recorded')))
})

test('headers that say what a request belongs to reach the servables', async t => {
  const running = await startServable(t, scale)
  const { post } = await startGateway(t, table([], [servable('scaler-1-a', SCALER, [running.endpoint])]))
  const traced = {
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    'x-request-id': 'r-1',
    'x-b3-traceid': '4bf92f3577b34da6',
    b3: '0',
  }
  await post(
    '/gateway/servable/scaler-1-a',
    { xs: [1, 2] },
    {
      headers: {
        'content-type': 'application/json',
        ...traced,
        authorization: 'Bearer secret',
        tracestate: 'ü'.normalize(),
      },
    },
  )
  const { metadata } = running.calls[0]!
  for (const [name, value] of Object.entries(traced)) assert.equal(metadata[name], value)
  assert.equal(metadata['authorization'], undefined)
  assert.equal(metadata['tracestate'], undefined)
})

test('a client that leaves is noticed by the servable, through both doors', async t => {
  const arrived: (() => void)[] = []
  const running = await startServable(t, () => {
    arrived.shift()!()
    return new Promise(() => undefined)
  })
  const { post, call } = await startGateway(
    t,
    table([], [servable('scaler-1-a', SCALER, [running.endpoint])]),
  )
  for (const ask of [
    (signal: AbortSignal) =>
      post(
        '/gateway/servable/scaler-1-a',
        { xs: [1, 2] },
        { signal, headers: { 'content-type': 'application/json' } },
      ),
    (signal: AbortSignal) => call('PredictServable', 'scaler-1-a', [xs(1, 2)], { signal }),
  ]) {
    const leave = new AbortController()
    const started = new Promise<void>(resolve => void arrived.push(resolve))
    const answer = ask(leave.signal)
    await started
    const { signal } = running.calls.at(-1)!
    const noticed = signal.aborted ? Promise.resolve() : once(signal, 'abort')
    leave.abort()
    await assert.rejects(answer)
    await noticed
  }
})

test("a servable that hangs meets the deadline, the gateway's and the client's", async t => {
  const running = await startServable(t, () => new Promise(() => undefined))
  const app = application('app', [[servable('scaler-1-a', SCALER, [running.endpoint]), 100]])
  const { post, call } = await startGateway(t, table([app]), { limits: { servableTimeoutMs: 200 } })
  const reply = await post('/gateway/application/app', { xs: [1, 2] })
  assert.equal(reply.status, 504)
  assert.match(reply.text, /"InternalUncaught","information":"DEADLINE_EXCEEDED: /)
  await assert.rejects(call('PredictApplication', 'app', [xs(1, 2)]), { status: 'DEADLINE_EXCEEDED' })
  const { signal } = running.calls.at(-1)!
  await assert.rejects(call('PredictApplication', 'app', [xs(1, 2)], { timeoutMs: 50 }), {
    status: 'DEADLINE_EXCEEDED',
  })
  if (!signal.aborted) await once(signal, 'abort')
})

test('an application in which nobody may answer says so', async t => {
  const running = await startServable(t, scale)
  const { post } = await startGateway(
    t,
    table([application('app', [[servable('s-1-a', SCALER, [running.endpoint]), 0]])]),
  )
  const reply = await post('/gateway/application/app', { xs: [1, 2] })
  assert.equal(reply.status, 500)
  assert.match(reply.text, /stage 0 of application app has no variant with a weight above 0/)
})
