import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { refusalOf } from './bed/gateway-calls.ts'
import { type ApplicationView, applicationBody, field, type VersionView } from './bed/manager-calls.ts'
import { refused } from './bed/refused.ts'
import { registerScripted, scripted, startBed } from './bed/up-bed.ts'
import { servableProcessesOf } from './trials/servable-processes.ts'

const bed = await startBed()
after(() => bed.close())
await registerScripted(bed)

const skipDeath = process.platform === 'linux' ? false : 'processes are found by /proc, which only Linux has'

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

  test('check 45: Assembling until all servables serve; Failed when one does not', async () => {
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

  test('check 45: one whose servable dies is Ready again when that is back', {
    skip: skipDeath,
  }, async () => {
    await bed.ready('mortal', [[[first.id, 100]]])
    const events = await bed.events()
    const [pid] = await servableProcessesOf(bed.up.dataFolder, process.execPath)
    process.kill(pid!, 'SIGKILL')
    for (const status of ['Failed', 'Ready']) {
      await events.next(({ event, data }) => {
        if (event !== 'ApplicationUpdate') return false
        const view = JSON.parse(data) as ApplicationView
        return view.name === 'mortal' && view.status === status
      })
    }
    await events.close()
    assert.deepEqual(await bed.ask('mortal', { x: 1 }), { status: 200, json: { y: 1 } })
    await bed.ok('DELETE', '/api/v2/application/mortal')
  })

  test('check 46: PUT keeps id, name and metadata, and answers all the while', async () => {
    const before = await bed.ready('changing', [[[first.id, 100]]], { metadata: { team: 'a' } })
    const ended = new AbortController()
    const statuses = new Map<number, number>()
    const asking = (async () => {
      while (!ended.signal.aborted) {
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
    ended.abort()
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
