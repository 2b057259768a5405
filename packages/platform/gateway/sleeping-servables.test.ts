import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServingError } from '@millrace/sdk'
import type { ServableDemand, WakeOptions } from './servable-demand.ts'
import { startGateway } from './test/gateway-fixture.ts'
import { SCALER, scale, xs } from './test/scaler.ts'
import { startServable } from './test/servable-fixture.ts'
import { application, servable, table } from './test/table-fixture.ts'

const BODY = { xs: [1, 2] }
const NAME = 'scaler-1-a'

/** What a test has happen when a servable is woken. */
class TestDemand implements ServableDemand {
  readonly events: string[] = []
  onWake: (servable: string, how: WakeOptions) => Promise<void> = () => Promise.resolve()

  async wake(servable: string, how: WakeOptions): Promise<void> {
    this.events.push(`wake ${servable}${how.isBackground ? ' in the background' : ''}`)
    await this.onWake(servable, how)
  }

  entered(servable: string, isBackground: boolean): void {
    this.events.push(`entered ${servable}${isBackground ? ' in the background' : ''}`)
  }

  left(servable: string): void {
    this.events.push(`left ${servable}`)
  }
}

const asleep = (name = NAME) => ({ ...servable(name, SCALER, []), isAsleep: true })

test('the first request has a servable started, by every door', async t => {
  const running = await startServable(t, scale)
  const demand = new TestDemand()
  const sleeping = asleep()
  const app = application('app', [[sleeping, 100]])
  const { post, call, discovery, server, gateway, base, records } = await startGateway(t, table([app]), {
    demand,
  })
  const awake = { ...sleeping, endpoints: [running.endpoint], isAsleep: false }
  demand.onWake = async () => discovery.change(table([application('app', [[awake, 100]])]))
  const sleep = () => {
    discovery.change(table([app]))
    demand.events.length = 0
  }
  const woken = [`wake ${NAME}`, `entered ${NAME}`, `left ${NAME}`]
  assert.deepEqual((await post('/gateway/application/app', BODY)).body, { total: 3 })
  assert.deepEqual(demand.events, woken)
  await post('/gateway/application/app', BODY)
  assert.deepEqual(demand.events.slice(3), [`entered ${NAME}`, `left ${NAME}`])
  sleep()
  assert.deepEqual((await post(`/gateway/servable/${NAME}`, BODY)).body, { total: 3 })
  assert.deepEqual(demand.events, woken)
  sleep()
  const [output] = await call('PredictServable', NAME, [xs(1, 2)])
  assert.deepEqual(Array.from(output!.data as Float64Array), [3])
  assert.deepEqual(demand.events, woken)
  // One that sleeps is ready: it answers.
  sleep()
  t.after(gateway.hostedModels.follow(server.registry))
  const change = Promise.withResolvers<void>()
  t.after(server.registry.onChange(() => server.registry.find(NAME, undefined) && change.resolve()))
  discovery.change(table([app]))
  await change.promise
  assert.equal((await fetch(`${base}/v2/models/${NAME}/ready`)).status, 200)
  const inputs = [{ name: 'xs', datatype: 'FP64', shape: [1, 2], data: [1, 2] }]
  const { status, body } = await post(`/v2/models/${NAME}/infer`, { inputs })
  assert.equal(status, 200, JSON.stringify(body))
  assert.deepEqual(demand.events, woken)
  assert.equal(records.length, 5)
})

test('a request that breaks the contract wakes nobody', async t => {
  const demand = new TestDemand()
  const { post } = await startGateway(t, table([], [asleep()]), { demand })
  assert.equal((await post(`/gateway/servable/${NAME}`, { ys: [1] })).status, 400)
  assert.deepEqual(demand.events, [])
})

test('what could not be started says why, and when to come back', async t => {
  const demand = new TestDemand()
  const { post, records } = await startGateway(t, table([], [asleep()]), { demand })
  demand.onWake = () =>
    Promise.reject(new ServingError('RESOURCE_EXHAUSTED', 'no room', { retryAfterMs: 4000, httpStatus: 503 }))
  const full = await post(`/gateway/servable/${NAME}`, BODY)
  assert.deepEqual([full.status, full.headers.get('retry-after')], [503, '4'])
  assert.match(full.text, /no room/)
  demand.onWake = async () => {}
  const vain = await post(`/gateway/servable/${NAME}`, BODY)
  assert.equal(vain.status, 503)
  assert.match(vain.text, /has no running replica/)
  assert.deepEqual(
    records.map(({ outcome }) => 'error' in outcome && outcome.error.code),
    ['RESOURCE_EXHAUSTED', 'UNAVAILABLE'],
  )
})

test('a request waits within its deadline, and no longer than a start may take', async t => {
  const demand = new TestDemand()
  demand.onWake = (_, { signal }) =>
    new Promise<void>((_resolve, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
    )
  const limits = { startTimeoutMs: 30 }
  const { post, call } = await startGateway(t, table([], [asleep()]), { demand, limits })
  const late = await post(`/gateway/servable/${NAME}`, BODY)
  assert.match(late.text, /servable scaler-1-a was asleep, and was not started within 0.1 s/)
  const patient = await startGateway(t, table([], [asleep()]), { demand })
  const inputs = [xs(1, 2)]
  await assert.rejects(call('PredictServable', NAME, inputs), { status: 'DEADLINE_EXCEEDED' })
  const gone = AbortSignal.timeout(20)
  await assert.rejects(patient.call('PredictServable', NAME, inputs, { signal: gone }), {
    status: 'CANCELLED',
  })
})

test('shadows and monitoring wake in the background, and are left out where there is no room', async t => {
  const running = await startServable(t, scale)
  const demand = new TestDemand()
  const main = servable(NAME, SCALER, [running.endpoint])
  const shadow = asleep('scaler-2-b')
  const app = application('app', [
    [main, 100],
    [shadow, 0],
  ])
  const { gateway, post, records } = await startGateway(t, table([app]), { demand })
  const refused = Promise.withResolvers<void>()
  demand.onWake = () => {
    refused.resolve()
    return Promise.reject(new ServingError('RESOURCE_EXHAUSTED', 'no room'))
  }
  assert.deepEqual((await post('/gateway/application/app', BODY)).body, { total: 3 })
  await refused.promise
  const call = { headers: {}, signal: new AbortController().signal, deadlineMs: Infinity }
  const inputs = [xs(1, 2)]
  await assert.rejects(gateway.askUnrecorded('scaler-2-b', inputs, call), {
    code: 'RESOURCE_EXHAUSTED',
  })
  assert.deepEqual(
    demand.events.filter(event => !event.endsWith(NAME)),
    ['wake scaler-2-b in the background', 'wake scaler-2-b in the background'],
  )
  assert.deepEqual(
    records.map(({ servable }) => servable.name),
    [NAME],
  )
  const figure = gateway.figures.find(({ name }) => name === 'gateway_servable_left_asleep_total')
  const left = Array.from(figure!.read()).filter(({ value }) => value > 0)
  assert.deepEqual(
    left.map(({ labels, value }) => [labels['application'], labels['servable'], value]),
    [
      ['', 'scaler-2-b', 1],
      ['app', 'scaler-2-b', 1],
    ],
  )
})

test('where no servable sleeps, none is woken', async t => {
  const { post, gateway } = await startGateway(t, table([], [servable(NAME, SCALER, [])]))
  assert.match((await post(`/gateway/servable/${NAME}`, BODY)).text, /has no running replica/)
  assert.equal(
    gateway.figures.some(({ name }) => name.includes('asleep')),
    false,
  )
})
