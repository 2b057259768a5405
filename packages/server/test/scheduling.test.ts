import assert from 'node:assert/strict'
import { test } from 'node:test'
import { modelFiles, startTestServer, type TestServer } from './test-server.ts'

/** Answers with its rows doubled and how many rows its call had, after a moment in which others may come. */
const DOUBLING = `import { setTimeout } from 'node:timers/promises'
export class TestModel {
  async predict({ inputs: [x] }) {
    await setTimeout(20)
    const rows = x.shape[0]
    return {
      outputs: [
        { name: 'doubled', datatype: 'INT32', shape: [rows, 1], data: x.data.map(value => 2 * value) },
        { name: 'rows', datatype: 'INT32', shape: [rows, 1], data: Array(rows).fill(rows) },
      ],
    }
  }
}
`

const COUNTING = `let calls = 0
export class TestModel {
  predict(request, context) {
    context.setHeader('x-call', String(++calls))
    return { outputs: [{ name: 'calls', datatype: 'INT32', shape: [1], data: [calls] }] }
  }
}
`

interface Answered {
  readonly id: string
  readonly outputs: readonly { readonly name: string; readonly data: readonly number[] }[]
}

async function ask({ post }: TestServer, value: number, id: string): Promise<Answered> {
  const inputs = [{ name: 'x', datatype: 'INT32', shape: [1, 1], data: [value] }]
  const { status, body } = await post('/v2/models/m/infer', { id, inputs })
  assert.equal(status, 200, JSON.stringify(body))
  return body as Answered
}

for (const workers of [0, 2]) {
  test(`requests that come together are one call, with ${workers} workers`, async t => {
    const files = modelFiles('m', DOUBLING, { max_batch_size: 8, max_batch_time: 0.05 })
    const server = await startTestServer(t, files, { parallel_workers: workers })
    assert.deepEqual(await server.server.started, [])
    // One alone first: it shows that the model answers row by row.
    await ask(server, 1, 'first')
    const values = Array.from({ length: 32 }, (_, index) => index)
    const answers = await Promise.all(values.map(value => ask(server, value, `id-${value}`)))
    for (const [index, { id, outputs }] of answers.entries()) {
      assert.equal(id, `id-${index}`)
      assert.deepEqual(outputs[0]?.data, [2 * index])
    }
    assert.ok(
      answers.some(({ outputs }) => outputs[1]!.data[0]! > 1),
      'some were joined',
    )
    assert.ok(
      answers.every(({ outputs }) => outputs[1]!.data[0]! <= 8),
      'never more rows than allowed',
    )

    const { body } = await server.get('/v2/models/m/stats')
    const [stats] = (body as { model_stats: { inference_count: number; execution_count: number }[] })
      .model_stats
    assert.equal(stats!.inference_count, 33)
    assert.ok(stats!.execution_count < 33, `${stats!.execution_count} calls`)
  })
}

test('a model whose contract leaves no room for rows is served one by one, with a warning', async t => {
  const inputs = [{ name: 'x', datatype: 'INT32', shape: [1, 1] }]
  const files = modelFiles('m', DOUBLING, { inputs, max_batch_size: 8, max_batch_time: 0.05 })
  const server = await startTestServer(t, files)
  assert.deepEqual(await server.server.started, [])
  const answers = await Promise.all([1, 2, 3].map(value => ask(server, value, String(value))))
  assert.ok(answers.every(({ outputs }) => outputs[1]!.data[0] === 1))
  assert.ok(server.log.some(({ message }) => /requests cannot be joined: input 'x'/.test(String(message))))
})

test('a repeated request is answered from the cache, with its id and headers; a reload empties it', async t => {
  const files = modelFiles('m', COUNTING, { cache_enabled: true })
  const server = await startTestServer(t, files, { cache_enabled: true })
  assert.deepEqual(await server.server.started, [])
  const inputs = [{ name: 'x', datatype: 'INT32', shape: [1], data: [1] }]
  const infer = (id: string) => server.post('/v2/models/m/infer', { id, inputs })
  const first = await infer('a')
  const second = await infer('b')
  assert.deepEqual(second.body, { ...(first.body as object), id: 'b' })
  assert.equal(second.headers.get('x-call'), '1')
  assert.equal(second.headers.get('ce-id'), 'b')
  const { body } = await server.get('/v2/models/m/stats')
  const [stats] = (
    body as {
      model_stats: {
        inference_count: number
        execution_count: number
        inference_stats: Record<string, { count: number }>
      }[]
    }
  ).model_stats
  assert.equal(stats!.inference_count, 1)
  assert.equal(stats!.execution_count, 1)
  assert.equal(stats!.inference_stats['cache_hit']!.count, 1)
  assert.equal(stats!.inference_stats['cache_miss']!.count, 1)

  await server.post('/v2/repository/models/m/load')
  const third = await infer('c')
  assert.equal(third.headers.get('x-call'), '2')
})

test('without either setting nothing is cached', async t => {
  for (const [model, server] of [
    [true, false],
    [false, true],
  ]) {
    const started = await startTestServer(t, modelFiles('m', COUNTING, { cache_enabled: model }), {
      cache_enabled: server,
    })
    assert.deepEqual(await started.server.started, [])
    const inputs = [{ name: 'x', datatype: 'INT32', shape: [1], data: [1] }]
    await started.post('/v2/models/m/infer', { inputs })
    const { headers } = await started.post('/v2/models/m/infer', { inputs })
    assert.equal(headers.get('x-call'), '2')
  }
})
