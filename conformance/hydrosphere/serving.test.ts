import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { openEvents } from './bed/event-stream.ts'
import type { ServableView } from './bed/manager-calls.ts'
import { refused } from './bed/refused.ts'
import { registerScripted, startBed } from './bed/up-bed.ts'
import { answering } from './trials/simple-models.ts'

const bed = await startBed()
after(() => bed.close())
await registerScripted(bed)

const [first, second] = await Promise.all([
  bed.release(answering('says_one', 1)),
  bed.release(answering('says-two', 2)),
])

suite('servables', { concurrency: 1 }, () => {
  test('check 38: begin as Starting under a name of their own, serve, and show their log', async () => {
    const made = await bed.ok<ServableView>('POST', '/api/v2/servable', {
      modelName: 'says_one',
      version: 1,
      metadata: { tag: 'blue' },
    })
    assert.match(made.fullName, /^says-one-1-[a-z]+-[a-z]+$/)
    assert.equal(made.status, 'Starting')
    const view = await bed.servableIn(made.fullName, 'Serving')
    assert.partialDeepStrictEqual(view, {
      modelVersionId: first.id,
      deploymentConfigurationName: 'hydrosphere_manager_default',
      metadata: { tag: 'blue' },
    })
    const path = `${bed.up.url}/api/v2/servable/${made.fullName}/logs`
    const whole = await (await openEvents(path)).rest()
    assert.ok(whole.some(({ event, data }) => event === 'message' && data.includes('listening on')))
    const followed = await openEvents(`${path}?follow=true`)
    await followed.next(({ data }) => data.includes('listening on'))
    await followed.close()

    assert.partialDeepStrictEqual(await bed.ok('DELETE', `/api/v2/servable/${made.fullName}`), {
      fullName: made.fullName,
    })
    await refused(bed.call('GET', `/api/v2/servable/${made.fullName}`), 404)
    assert.match(
      await refused(bed.call('DELETE', `/api/v2/servable/${made.fullName}`), 404),
      new RegExp(made.fullName),
    )
  })

  test('check 38: one that an application uses stays', async () => {
    const { executionGraph } = await bed.ready('holds', [[[first.id, 100]]])
    const { servableName } = executionGraph.stages[0]!.modelVariants[0]!
    assert.match(await refused(bed.call('DELETE', `/api/v2/servable/${servableName}`)), /holds/)
    await bed.ok('DELETE', '/api/v2/application/holds')
  })
})

suite('the rest of the manager', { concurrency: 1 }, () => {
  test('check 48: deployment configurations', async () => {
    const big = {
      name: 'big',
      container: { resources: { limits: { cpu: '2', memory: '4G' }, requests: null }, env: { A: 'b' } },
      pod: { nodeSelector: { disk: 'ssd' }, affinity: null, tolerations: [] },
      deployment: { replicaCount: 2 },
      hpa: { minReplicas: 1, maxReplicas: 4, cpuUtilization: 80 },
    }
    const path = '/api/v2/deployment_configuration'
    assert.deepEqual(await bed.ok('POST', path, big), big)
    assert.deepEqual(await bed.ok('GET', `${path}/big`), big)
    assert.match(await refused(bed.call('POST', path, big)), /DeploymentConfiguration big already exists/)
    const names = (await bed.ok<{ name: string }[]>('GET', path)).map(({ name }) => name)
    assert.deepEqual(names.toSorted(), ['big', 'hydrosphere_manager_default'])
    for (const call of [
      bed.call('POST', path, { name: 'hydrosphere_manager_default' }),
      bed.call('DELETE', `${path}/hydrosphere_manager_default`),
    ]) {
      assert.match(await refused(call), /hydrosphere_manager_default/)
    }
    const bare = await bed.ok<object>('POST', path, { name: 'bare', pod: { nodeSelector: { a: 'b' } } })
    assert.partialDeepStrictEqual(bare, { name: 'bare', pod: { nodeSelector: { a: 'b' } } })
    for (const name of ['big', 'bare'])
      assert.partialDeepStrictEqual(await bed.ok('DELETE', `${path}/${name}`), { name })
    await refused(bed.call('GET', `${path}/big`), 404)
  })

  test('check 49: metric specifications deploy the metric, and take it along', async () => {
    const path = '/api/v2/monitoring/metricspec'
    const made = await bed.ok<{ id: string; config: { servable: ServableView } }>('POST', path, {
      name: 'outlier',
      modelVersionId: first.id,
      config: {
        modelVersionId: second.id,
        threshold: 0.97,
        thresholdCmpOperator: { kind: 'Less' },
        deploymentConfigName: null,
      },
    })
    assert.match(made.id, /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/)
    const { fullName } = made.config.servable
    await bed.servableIn(fullName, 'Serving')
    const ids = async (part: string) =>
      (await bed.ok<{ id: string }[]>('GET', path + part)).map(({ id }) => id)
    assert.deepEqual(await ids(`/modelversion/${first.id}`), [made.id])
    assert.deepEqual(await ids(`/modelversion/${second.id}`), [])
    assert.deepEqual(await ids(''), [made.id])
    assert.match(await refused(bed.call('DELETE', `/api/v2/servable/${fullName}`)), /metric|outlier/)
    await bed.ok('DELETE', `${path}/${made.id}`)
    await refused(bed.call('GET', `${path}/${made.id}`), 404)
    await refused(bed.call('GET', `/api/v2/servable/${fullName}`), 404)
  })

  test('check 50: events name kinds and carry views, with a sign of life between; nothing is told again', async () => {
    await bed.ok('POST', '/api/v2/deployment_configuration', { name: 'before' })
    const events = await bed.events()
    await bed.ok('POST', '/api/v2/deployment_configuration', { name: 'during' })
    const { data, id } = await events.next(({ event }) => event.startsWith('DeploymentConfiguration'))
    assert.equal((JSON.parse(data) as { name: string }).name, 'during')
    assert.equal(id, undefined)
    const { fullName } = await bed.serve(second)
    const seen = await events.next(
      ({ event, data }) => event === 'ServableUpdate' && data.includes('"Serving"'),
    )
    assert.equal((JSON.parse(seen.data) as ServableView).fullName, fullName)
    await bed.ok('DELETE', `/api/v2/servable/${fullName}`)
    const gone = await events.next(({ event }) => event === 'ServableRemove')
    assert.match(gone.data, new RegExp(fullName))
    for (const name of ['before', 'during'])
      await bed.ok('DELETE', `/api/v2/deployment_configuration/${name}`)
    const removed = await events.next(({ event }) => event === 'DeploymentConfigurationRemove')
    assert.match(removed.data, /before/)
    await events.close()
    const response = await fetch(`${bed.up.url}/api/v2/events`)
    const reader = response.body!.getReader()
    // Nothing happens, and yet something comes.
    const { value } = (await reader.read()) as { value?: Uint8Array }
    assert.ok(value!.length > 0)
    await reader.cancel()
  })

  test('check 52: host selectors are listed as none, echoed, and not found', async () => {
    const path = '/api/v2/hostSelector'
    assert.deepEqual(await bed.ok('GET', path), [])
    assert.deepEqual(await bed.ok('POST', path, { name: 'gpu', nodeSelector: { a: 'b' } }), {
      id: 1,
      name: 'gpu',
      nodeSelector: { a: 'b' },
    })
    assert.equal((await bed.call('GET', `${path}/gpu`)).status, 404)
    assert.match((await bed.call('DELETE', `${path}/gpu`)).text, /ok/)
  })
})
