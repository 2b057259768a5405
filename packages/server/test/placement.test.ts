import assert from 'node:assert/strict'
import { test } from 'node:test'
import { modelFiles, startTestServer, type TestServer } from './test-server.ts'

const INPUTS = [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }]

/** Says in which thread it runs; spins for so long. */
function threadTeller(spinMs: number, members = ''): string {
  return `import { threadId } from 'node:worker_threads'
export class TestModel {
  ${members}
  predict() {
    const endMs = performance.now() + ${spinMs}
    while (performance.now() < endMs);
    return { outputs: [{ name: 'thread', datatype: 'INT32', shape: [1], data: [threadId] }] }
  }
}
`
}

async function threadOf({ post }: TestServer, model: string): Promise<number> {
  const inputs = [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 2] }]
  const { status, body } = await post(`/v2/models/${model}/infer`, { inputs })
  assert.equal(status, 200, JSON.stringify(body))
  return (body as { outputs: { data: number[] }[] }).outputs[0]!.data[0]!
}

async function placementOf({ get }: TestServer, model: string): Promise<Record<string, string>> {
  const { body } = await get(`/v2/models/${model}`)
  return (body as { parameters: Record<string, string> }).parameters
}

const SERVER_THREAD = 0

for (const { what, settings, code, place, reason } of [
  {
    what: 'a quick model with a contract runs in the server',
    settings: { inputs: INPUTS },
    code: threadTeller(0),
    place: 'server',
    reason: /^it answers in 0\.\d+ ms, sooner/,
  },
  {
    what: 'a slower one runs in a worker',
    settings: { inputs: INPUTS },
    code: threadTeller(2),
    place: 'worker',
    reason: /^it answers in [\d.]+ ms, longer/,
  },
  {
    what: 'a quick one whose load is slow runs in a worker, so that its load holds nobody up',
    settings: { inputs: INPUTS },
    code: threadTeller(
      0,
      'load() { const endMs = performance.now() + 1100; while (performance.now() < endMs); }',
    ),
    place: 'worker',
    reason: /its load keeps a thread busy for \d+ ms/,
  },
  {
    what: 'one that cannot be tried runs in a worker',
    settings: {},
    code: threadTeller(0),
    place: 'worker',
    reason: /could not be timed/,
  },
  {
    what: 'the settings have the last word: worker',
    settings: { inputs: INPUTS, placement: 'worker' },
    code: threadTeller(0),
    place: 'worker',
    reason: /placement is worker/,
  },
  {
    what: 'the settings have the last word: server',
    settings: { placement: 'server' },
    code: threadTeller(2),
    place: 'server',
    reason: /placement is server/,
  },
  {
    what: "MLServer's way to keep a model out of workers",
    settings: { parallel_workers: 0 },
    code: threadTeller(2),
    place: 'server',
    reason: /parallel_workers/,
  },
  {
    what: 'a pool of its own is always workers',
    settings: { inputs: INPUTS, parameters: { inference_pool_gid: 'g' } },
    code: threadTeller(0),
    place: 'worker',
    reason: /pool or an environment/,
  },
  {
    what: 'a large example input, which is used up by each try',
    settings: { inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 100_000] }], enforce_contract: false },
    code: threadTeller(2),
    place: 'worker',
    reason: /^it answers in/,
  },
]) {
  test(what, async t => {
    const server = await startTestServer(t, modelFiles('m', code, settings), { parallel_workers: 1 })
    assert.deepEqual(await server.server.started, [])
    assert.equal((await threadOf(server, 'm')) === SERVER_THREAD, place === 'server')
    const { placement, placement_reason: why } = await placementOf(server, 'm')
    assert.equal(placement, place)
    assert.match(why ?? '', reason)
    const loaded = server.log.find(({ message }) => message === 'loaded')
    assert.equal(loaded?.['runsIn'], place)
  })
}

test('without workers everything runs in the server', async t => {
  const server = await startTestServer(t, modelFiles('m', threadTeller(2)), { parallel_workers: 0 })
  await server.server.started
  assert.equal(await threadOf(server, 'm'), SERVER_THREAD)
})

test('models that load side by side are tried one after the other', async t => {
  const counting = `globalThis.inside ??= 0
globalThis.most ??= 0
export class TestModel {
  async predict() {
    globalThis.most = Math.max(globalThis.most, ++globalThis.inside)
    for (let turn = 0; turn < 3; turn++) await new Promise(resolve => setImmediate(resolve))
    const endMs = performance.now() + 2
    while (performance.now() < endMs);
    globalThis.inside--
    return { outputs: [{ name: 'most', datatype: 'INT32', shape: [1], data: [globalThis.most] }] }
  }
}
`
  const names = ['a', 'b', 'c', 'd']
  const files = names.flatMap(name => Object.entries(modelFiles(name, counting, { inputs: INPUTS })))
  const server = await startTestServer(t, Object.fromEntries(files), { parallel_workers: 1 })
  assert.deepEqual(await server.server.started, [])
  for (const name of names) {
    assert.match((await placementOf(server, name))['placement_reason'] ?? '', /^it answers in .* longer/)
    assert.equal(await threadOf(server, name), 1, 'never two at once')
  }
})

test('a model that blocks its thread holds up neither health nor another model', async t => {
  const server = await startTestServer(
    t,
    {
      ...modelFiles('stuck', threadTeller(1e9), { parameters: { inference_pool_gid: 'stuck' } }),
      ...modelFiles('other', threadTeller(2)),
    },
    { parallel_workers: 1, parallel_workers_timeout: 0, shutdown_timeout: 0.2 },
  )
  assert.deepEqual(await server.server.started, [])
  const stuck = server.post('/v2/models/stuck/infer', { inputs: [] }).catch(() => undefined)
  assert.equal((await server.get('/v2/health/live')).status, 200)
  assert.notEqual(await threadOf(server, 'other'), SERVER_THREAD)
  assert.equal((await server.get('/v2/health/ready')).status, 200)
  await server.server.close()
  await stuck
})

test('warm-up requests are answered before the model is ready, in the worker and in the server', async t => {
  const request = { inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [7] }] }
  const counting = `let warm = 0
export class TestModel {
  predict({ inputs }) {
    if (inputs[0].data[0] === 7) warm++
    return { outputs: [{ name: 'warm', datatype: 'INT32', shape: [1], data: [warm] }] }
  }
}
`
  for (const placement of ['worker', 'server']) {
    const server = await startTestServer(
      t,
      {
        ...modelFiles('m', counting, { placement, warm_up: ['warm.json', './warm.json'] }),
        'm/warm.json': JSON.stringify(request),
      },
      { parallel_workers: 1 },
    )
    assert.deepEqual(await server.server.started, [])
    const inputs = [{ name: 'x', datatype: 'INT32', shape: [1], data: [0] }]
    const { body } = await server.post('/v2/models/m/infer', { inputs })
    assert.deepEqual((body as { outputs: { data: number[] }[] }).outputs[0]!.data, [2], placement)
  }
})

test('an unload that fails in the worker where a model was tried does not fail its load', async t => {
  const code = threadTeller(0, `unload() { throw new Error('cannot end') }`)
  const server = await startTestServer(t, modelFiles('m', code, { inputs: INPUTS }), { parallel_workers: 1 })
  assert.deepEqual(await server.server.started, [])
  assert.equal(await threadOf(server, 'm'), SERVER_THREAD)
  assert.ok(
    server.log.some(({ level, error }) => level === 'error' && /cannot end/.test(JSON.stringify(error))),
  )
})

for (const placement of ['worker', 'server']) {
  test(`a warm-up that fails is told, whatever unload says then, placement ${placement}`, async t => {
    const code = `export class TestModel {
  predict() { throw new Error('cold') }
  unload() { throw new Error('cannot end') }
}
`
    const files = {
      ...modelFiles('m', code, { placement, warm_up: ['w.json'] }),
      'm/w.json': '{"inputs":[]}',
    }
    const server = await startTestServer(t, files, { parallel_workers: 1 })
    const [failure] = await server.server.started
    assert.match((failure!.error as Error).message, /failed: cold/)
  })

  test(`warm-up waits for no answer of a model whose load() answered false, placement ${placement}`, async t => {
    const code = `export class TestModel {
  load() { return false }
  predict() { throw new Error('asked though it is not ready') }
}
`
    const server = await startTestServer(
      t,
      {
        ...modelFiles('m', code, { placement, warm_up: ['warm.json'] }),
        'm/warm.json': '{"inputs":[{"name":"x","datatype":"INT32","shape":[1],"data":[7]}]}',
      },
      { parallel_workers: 1 },
    )
    assert.deepEqual(await server.server.started, [])
    assert.equal((await server.get('/v2/models/m/ready')).status, 503)
  })
}

for (const { what, files, message } of [
  { what: 'is not there', files: {}, message: /warm_up: .*warm\.json: ENOENT/ },
  { what: 'is no request', files: { 'm/warm.json': '{"inputs":' }, message: /warm_up: .*warm\.json: / },
  {
    what: 'makes the model fail',
    files: { 'm/warm.json': '{"inputs":[]}' },
    message: /warm-up request .*warm\.json failed: .*cold/,
  },
]) {
  test(`a warm-up request that ${what} fails the load, and says so`, async t => {
    const code = `export class TestModel { predict() { throw new Error('cold') } }`
    const server = await startTestServer(
      t,
      { ...modelFiles('m', code, { warm_up: ['warm.json'] }), ...files },
      { parallel_workers: 1 },
    )
    const [failure] = await server.server.started
    assert.match(String((failure?.error as Error | undefined)?.message), message)
    assert.equal((await server.get('/v2/health/ready')).status, 503)
  })
}
