import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Tensor } from '@millrace/sdk'
import { createGrpcClient, createRestClient, type InferenceClient } from '@millrace/sdk/client'
import { startGateway } from './test/gateway-fixture.ts'
import { double, SCALER, scale, xs } from './test/scaler.ts'
import { startServable } from './test/servable-fixture.ts'
import { application, field, servable, signature, table } from './test/table-fixture.ts'

async function startHosted(
  t: TestContext,
  ...options: Parameters<typeof startGateway> extends [unknown, ...infer R] ? R : never
) {
  const started = await startGateway(t, ...options)
  const stop = started.gateway.hostedModels.follow(started.server.registry)
  t.after(stop)
  const clients: Readonly<Record<string, InferenceClient>> = {
    gRPC: createGrpcClient({ target: started.grpcTarget }),
    REST: createRestClient({ url: started.base }),
  }
  t.after(() => Promise.all(Object.values(clients).map(client => client.close())))
  /** Resolves when the registry is as it should be; told by the registry itself. */
  const until = async (isSo: () => boolean) => {
    const { registry } = started.server
    const changed = Promise.withResolvers<void>()
    const stopListening = registry.onChange(() => {
      if (isSo()) changed.resolve()
    })
    if (isSo()) changed.resolve()
    await changed.promise
    stopListening()
  }
  const names = () => started.server.registry.loaded(undefined, undefined).map(({ name }) => name)
  return { ...started, clients, until, names, stop }
}

test('applications and servables are models of every door', async t => {
  const running = await startServable(t, scale)
  const hidden = await startServable(t, () => [double('total', [], 99)])
  const app = application('app', [
    [servable('scaler-1-a', SCALER, [running.endpoint]), 100],
    [servable('scaler-2-b', SCALER, [hidden.endpoint]), 0],
  ])
  const { clients, until, names, records } = await startHosted(t, table([app]))
  await until(() => names().length === 3)
  for (const [door, client] of Object.entries(clients)) {
    for (const modelName of ['app', 'scaler-1-a']) {
      const { outputs } = await client.infer({ modelName, inputs: [xs(1, 2)] })
      assert.deepEqual([...outputs[0]!.data], [3], `${door} ${modelName}`)
    }
    const { inputs } = await client.modelMetadata({ modelName: 'app' })
    assert.deepEqual(
      inputs.map(({ name, datatype, shape }) => [name, datatype, shape]),
      [['xs', 'FP64', [-1, 2]]],
    )
    await assert.rejects(client.infer({ modelName: 'app', inputs: [double('ys', [1], 1)] }), {
      code: 'INVALID_ARGUMENT',
      message: /Missing field xs \(inputs of stage 0, servable scaler-1-a\)/,
    })
    await assert.rejects(client.infer({ modelName: 'app', inputs: [xs(13, 0)] }), {
      code: 'INTERNAL',
      message: "RuntimeError('boom')",
    })
  }
  // The shadow and monitoring still have the inputs when the request's memory is gone.
  while (hidden.calls.length < 4) await new Promise(resolve => void setImmediate(resolve))
  for (const { inputs } of hidden.calls) assert.equal(inputs[0]!.data.length, 2)
  for (const { inputs } of records) assert.equal((inputs[0] as Tensor).data.length, 2)
})

const appOf = (name: string, ...endpoints: Parameters<typeof servable>[2]) =>
  application('app', [[servable(name, SCALER, endpoints), 100]])

test('names come and go with the table, and stay as they are while their signature stays', async t => {
  const one = await startServable(t, () => [double('total', [], 1)])
  const two = await startServable(t, () => [double('total', [], 2)])
  const { clients, until, names, discovery, server } = await startHosted(
    t,
    table([appOf('s-1-a', one.endpoint)]),
  )
  const ask = async () =>
    (await clients['gRPC']!.infer({ modelName: 'app', inputs: [xs(1, 2)] })).outputs[0]!.data[0 as never]
  await until(() => names().includes('app'))
  const { instance } = server.registry.find('app', undefined)
  assert.equal(await ask(), 1)

  discovery.change(table([appOf('s-2-b', two.endpoint)]))
  assert.equal(await ask(), 2, 'the same model answers by the newest table at once')
  await until(() => names().includes('s-2-b') && !names().includes('s-1-a'))
  assert.equal(server.registry.find('app', undefined).instance, instance)

  const wider = signature([...SCALER.inputs, field('more', 'DT_INT32', [])], SCALER.outputs)
  discovery.change(table([application('app', [[servable('s-3-c', wider, [two.endpoint]), 100]])]))
  await until(() => server.registry.find('app', undefined).instance !== instance)
  const { inputs } = await clients['REST']!.modelMetadata({ modelName: 'app' })
  assert.deepEqual(
    inputs.map(({ name }) => name),
    ['xs', 'more'],
  )

  discovery.change(table([]))
  await until(() => names().length === 0)
  await assert.rejects(ask(), { code: 'NOT_FOUND' })
})

test('a servable without a replica is not ready, and is when it has one', async t => {
  const running = await startServable(t, scale)
  const { clients, until, names, discovery, server } = await startHosted(
    t,
    table([], [servable('s-1-a', SCALER, [])]),
  )
  await until(() => names().includes('s-1-a'))
  const client = clients['gRPC']!
  assert.equal(await client.isReady({ modelName: 's-1-a' }), false)
  discovery.change(table([], [servable('s-1-a', SCALER, [running.endpoint])]))
  await until(() => server.registry.find('s-1-a', undefined).instance!.bound.model.isReady)
  assert.equal(await client.isReady({ modelName: 's-1-a' }), true)
})

test('what the host fails at is logged, and tried again with the next change', async t => {
  const running = await startServable(t, scale)
  const started = await startGateway(t, table([], [servable('s-1-a', SCALER, [running.endpoint])]))
  const hosted: string[] = []
  const logged = Promise.withResolvers<void>()
  const again = Promise.withResolvers<void>()
  let isBroken = true
  const stop = started.gateway.hostedModels.follow({
    host(model) {
      if (isBroken) {
        logged.resolve()
        return Promise.reject(new Error('no room'))
      }
      hosted.push(model.settings.name)
      if (hosted.length === 2) again.resolve()
      return Promise.resolve()
    },
    unload: () => Promise.resolve(),
  })
  await logged.promise
  isBroken = false
  started.discovery.change(
    table([], [servable('s-1-a', SCALER, [running.endpoint]), servable('s-2-b', SCALER, [running.endpoint])]),
  )
  await again.promise
  await stop()
  assert.deepEqual(hosted.sort(), ['s-1-a', 's-2-b'])
  assert.ok(started.log.some(line => line.includes('could not be served') && line.includes('s-1-a')))
  assert.throws(() => started.gateway.hostedModels.createApplicationModel('none'), { code: 'NOT_FOUND' })
})
