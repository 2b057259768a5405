import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { openEvents } from './bed/event-stream.ts'
import { refusalOf } from './bed/gateway-calls.ts'
import {
  type ApplicationView,
  applicationBody,
  field,
  type ServableView,
  type VersionView,
} from './bed/manager-calls.ts'
import { registerScripted, scripted, startBed } from './bed/up-bed.ts'

const bed = await startBed()
after(() => bed.close())
await registerScripted(bed)

const X = [field('x', 'DOUBLE', [])]
const Y = [field('y', 'DOUBLE', [])]
const says = (number: number) =>
  `export const predict = () => [{ name: 'y', datatype: 'FP64', shape: [], data: [${number}] }]\nconsole.log('says ${number}')\n`

const [first, second, renamed, elsewhere] = await Promise.all([
  bed.release(scripted('says_one', says(1), X, Y)),
  bed.release(scripted('says-two', says(2), X, Y)),
  bed.release({
    ...scripted('renamed', says(3), X, Y),
    signature: { signatureName: 'other', inputs: X, outputs: Y },
  }),
  bed.release(scripted('text-out', says(4), X, [field('z', 'STRING', [])])),
])

const refused = async (answer: Promise<{ status: number; json: unknown; text: string }>, status = 400) => {
  const got = await answer
  assert.equal(got.status, status, got.text)
  return (got.json as { message: string }).message
}

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
    assert.ok(whole.some(({ event, data }) => event === 'message' && data.includes('says 1')))
    const followed = await openEvents(`${path}?follow=true`)
    await followed.next(({ data }) => data.includes('says 1'))
    await followed.close()

    assert.partialDeepStrictEqual(await bed.ok('DELETE', `/api/v2/servable/${made.fullName}`), {
      fullName: made.fullName,
    })
    await refused(bed.call('GET', `/api/v2/servable/${made.fullName}`), 404)
    assert.match(
      await refused(bed.call('DELETE', `/api/v2/servable/${made.fullName}`), 404),
      new RegExp(`${made.fullName}`),
    )
  })

  test('check 38: one that an application uses stays', async () => {
    const { executionGraph } = await bed.ready('holds', [[[first.id, 100]]])
    const { servableName } = executionGraph.stages[0]!.modelVariants[0]!
    assert.match(await refused(bed.call('DELETE', `/api/v2/servable/${servableName}`)), /holds/)
    await bed.ok('DELETE', '/api/v2/application/holds')
  })
})

suite('applications', { concurrency: 1 }, () => {
  test('check 39: weights of a stage sum to 100', async () => {
    const with20 = await bed.ready('shares', [
      [
        [first.id, 80],
        [second.id, 20],
      ],
    ])
    assert.equal(with20.status, 'Ready')
    assert.equal(
      await refused(
        bed.application('too-few', [
          [
            [first.id, 80],
            [second.id, 10],
          ],
        ]),
      ),
      'Sum of weights must equal 100. Current sum: 90',
    )
    await bed.ok('DELETE', '/api/v2/application/shares')
  })

  test("checks 40, 44: one variant has weight 100, whatever was asked; its signature is the application's", async () => {
    const { status, json, text } = await bed.application('single', [[[first.id, 7]]])
    assert.equal(status, 200, text)
    const view = json as ApplicationView
    assert.equal(view.executionGraph.stages[0]?.modelVariants[0]?.weight, 100)
    assert.partialDeepStrictEqual(view['signature'], { signatureName: 'act' })
    await bed.ok('DELETE', '/api/v2/application/single')
  })

  test('check 41: what is refused, and as what', async () => {
    assert.equal(
      await refused(bed.application('two words', [[[first.id, 100]]])),
      "Application name two words contains invalid symbols. It should only contain latin letters, numbers '-' and '_'",
    )
    await bed.application('twice', [[[first.id, 100]]])
    assert.equal(
      await refused(bed.application('twice', [[[first.id, 100]]])),
      'Application with name twice already exists',
    )
    await bed.ok('DELETE', '/api/v2/application/twice')
    assert.match(await refused(bed.application('of-none', [[[999_999, 100]]]), 404), /999999/)
    const { json } = await bed.upload({
      ...scripted('never', '', X, Y),
      more: { installCommand: 'exit 1' },
    })
    const never = await bed.built(json as VersionView)
    assert.match(await refused(bed.application('of-failed', [[[never.id, 100]]])), /never:1.*Failed/)
    assert.match(await refused(bed.application('nothing', [])), /stage/)
  })

  test('check 42: variants of a stage have one function, with the same fields', async () => {
    const differing = await refused(
      bed.application('named-apart', [
        [
          [first.id, 50],
          [renamed.id, 50],
        ],
      ]),
    )
    assert.match(differing, /have different signature names/)
    const fields = await refused(
      bed.application('typed-apart', [
        [
          [first.id, 50],
          [elsewhere.id, 50],
        ],
      ]),
    )
    assert.match(fields, /\b[yz]\b/)
    const wide = await bed.release(scripted('wide', says(1), [...X, field('w', 'INT64', [])], Y))
    assert.match(
      await refused(
        bed.application('more-in', [
          [
            [first.id, 50],
            [wide.id, 50],
          ],
        ]),
      ),
      /\bw\b/,
    )
  })

  test('check 43: what a stage gives is what the next one takes', async () => {
    assert.match(await refused(bed.application('unfit', [[[first.id, 100]], [[second.id, 100]]])), /\bx\b/)
    const typed = await bed.release(scripted('y-as-int', says(1), [field('y', 'INT32', [])], Y))
    assert.match(await refused(bed.application('mistyped', [[[first.id, 100]], [[typed.id, 100]]])), /\by\b/)
    const ranked = await bed.release(scripted('y-as-list', says(1), [field('y', 'DOUBLE', [2, 2])], Y))
    assert.match(
      await refused(bed.application('misshapen', [[[first.id, 100]], [[ranked.id, 100]]])),
      /\by\b/,
    )
  })

  test("check 44: a pipeline's signature is inferred from its ends", async () => {
    const last = await bed.release(scripted('y-to-z', says(1), Y, [field('z', 'DOUBLE', [])]))
    const { json, text } = await bed.application('piped', [[[first.id, 100]], [[last.id, 100]]])
    const { signature } = json as { signature: { signatureName: string; inputs: unknown; outputs: unknown } }
    assert.equal(signature.signatureName, 'INFERRED_PIPELINE_SIGNATURE', text)
    assert.deepEqual([signature.inputs, signature.outputs], [X, [field('z', 'DOUBLE', [])]])
    await bed.ok('DELETE', '/api/v2/application/piped')
  })

  test('check 45: Assembling until all servables serve; Failed while one does not; Ready again after', async () => {
    const events = await bed.events()
    const states: string[] = []
    await bed.application('watched', [[[first.id, 100]]])
    for (;;) {
      const { data } = await events.next(({ event }) => event === 'ApplicationUpdate')
      const { name, status } = JSON.parse(data) as ApplicationView
      if (name === 'watched' && states.at(-1) !== status) states.push(status)
      if (states.at(-1) === 'Ready') break
    }
    await events.close()
    assert.deepEqual(states, ['Assembling', 'Ready'])
    await bed.ok('DELETE', '/api/v2/application/watched')

    const broken = await bed.release(scripted('dies', 'throw new Error("no weights here")', Y, Y))
    await bed.application('fails', [[[first.id, 100]], [[broken.id, 100]]])
    const { message } = await bed.applicationIn('fails', 'Failed')
    assert.match(message ?? '', /no weights here/)
    await bed.ok('DELETE', '/api/v2/application/fails')
  })

  test('check 46: PUT keeps id, name and metadata, and answers all the while', async () => {
    const before = await bed.ready('changing', [[[first.id, 100]]], { metadata: { team: 'a' } })
    let running = true
    const statuses = new Map<number, number>()
    const asking = (async () => {
      while (running) {
        const { status } = await bed.ask('changing', { x: 1 })
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
    })()
    const put = await bed.ok<ApplicationView>('PUT', '/api/v2/application', {
      id: before.id,
      ...applicationBody('changing', [[[second.id, 100]]]),
      metadata: undefined,
      kafkaStreaming: [{ sourceTopic: 'in', destinationTopic: 'out' }],
    })
    assert.equal(put.id, before.id)
    // Old until new is ready: then the answer changes.
    for (;;) {
      const { status, json } = await bed.ask('changing', { x: 1 })
      assert.equal(status, 200, JSON.stringify(json))
      if (json['y'] === 2) break
    }
    running = false
    await asking
    assert.deepEqual([...statuses.keys()], [200])
    const view = await bed.applicationIn('changing', 'Ready')
    assert.equal(view.id, before.id)
    assert.deepEqual(view['metadata'], { team: 'a' })
    assert.partialDeepStrictEqual(view['kafkaStreaming'], [{ sourceTopic: 'in', destinationTopic: 'out' }])
    assert.match(
      await refused(
        bed.call('PUT', '/api/v2/application', { id: 99_999, ...applicationBody('x', [[[first.id, 100]]]) }),
        404,
      ),
      /99999/,
    )
    await bed.ok('DELETE', '/api/v2/application/changing')
  })

  test('check 47: a deleted one is gone from HTTP and gRPC, its servables stop, its name is free', async () => {
    const { executionGraph } = await bed.ready('short-lived', [[[first.id, 100]]])
    const { servableName } = executionGraph.stages[0]!.modelVariants[0]!
    assert.partialDeepStrictEqual(await bed.ok('DELETE', '/api/v2/application/short-lived'), {
      name: 'short-lived',
    })
    assert.equal((await bed.ask('short-lived', { x: 1 })).status, 404)
    const input = { name: 'x', datatype: 'FP64', shape: [], data: [1] } as const
    const { details } = await refusalOf(bed.gateway.predict('PredictApplication', 'short-lived', [input]))
    assert.match(details, /short-lived/)
    await refused(bed.call('GET', '/api/v2/application/short-lived'), 404)
    await refused(bed.call('GET', `/api/v2/servable/${servableName}`), 404)
    await bed.ready('short-lived', [[[second.id, 100]]])
    assert.deepEqual((await bed.ask('short-lived', { x: 1 })).json, { y: 2 })
    await bed.ok('DELETE', '/api/v2/application/short-lived')
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
    const { value } = await reader.read()
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
