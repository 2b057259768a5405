import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { createLogger } from '../base/index.ts'
import { createCloudEvents, readNamespace } from '../dataplane/index.ts'
import { modelFiles, saying, startTestServer, type TestServer } from './test-server.ts'

const SUM = `export class TestModel {
  predict({ inputs: [input] }, context) {
    for (const [name, value] of Object.entries(context.headers)) if (name.startsWith('x-')) context.setHeader(name, value)
    const total = input.data.reduce((sum, value) => sum + BigInt(value), 0n)
    const parameters = { content_type: 'np' }
    return {
      parameters: { extra1: 'v1' },
      outputs: [{ name: 'total', datatype: 'INT64', shape: [1, 1], parameters, data: [total] }],
    }
  }
}
`
/** Answers with what its first text is as JSON for its parameters, and says what parameters it was asked with. */
const ANSWERS = `export class TestModel {
  predict({ inputs: [input], parameters }) {
    const asked = JSON.stringify(parameters ?? null)
    return { parameters: JSON.parse(input.data.textAt(0)), outputs: [{ name: 'asked', datatype: 'BYTES', shape: [1], data: [asked] }] }
  }
  async *predictStream(requests) {
    for await (const request of requests) if (request.inputs.length > 0) yield this.predict(request)
  }
}
`
const REQUEST = { id: 'r1', inputs: [{ name: 'a', shape: [1, 3], datatype: 'INT32', data: [1, 2, 3] }] }

function eventHeaders({ headers }: Response): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => name.startsWith('ce-')))
}

async function send(
  { server: { rest } }: TestServer,
  path: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`http://${rest.host}:${rest.port}${path}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  })
}

async function started(t: TestContext, code: string, settings: object = {}): Promise<TestServer> {
  const files = modelFiles('sum', code, { name: 'sum', parameters: { version: 'v1' } })
  const server = await startTestServer(t, files, { server_name: 'my-srv', parallel_workers: 0, ...settings })
  assert.deepEqual(await server.server.started, [])
  return server
}

test('the headers and the body of an answer, to the letter', async t => {
  const server = await started(t, SUM)
  const response = await send(server, '/v2/models/sum/infer', REQUEST, { 'x-foo': 'bar' })
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('x-foo'), 'bar')
  assert.deepEqual(eventHeaders(response), {
    'ce-specversion': '0.3',
    'ce-source': 'io.seldon.serving.deployment.my-srv',
    'ce-type': 'io.seldon.serving.inference.response',
    'ce-modelid': 'sum',
    'ce-inferenceservicename': 'my-srv',
    'ce-endpoint': 'sum',
    'ce-id': 'r1',
    'ce-requestid': 'r1',
  })
  assert.equal(
    await response.text(),
    '{"model_name":"sum","model_version":"v1","id":"r1","parameters":{"extra1":"v1"},' +
      '"outputs":[{"name":"total","shape":[1,1],"datatype":"INT64","parameters":{"content_type":"np"},"data":[6]}]}',
  )
})

suite('the id', () => {
  const rows: [title: string, id: string, expected: string | null][] = [
    ['an empty one has no header', '', null],
    ['blanks within stay', 'a b', 'a b'],
    ['what no header can hold is percent-encoded', 'é\n"%', '%C3%A9%0A%22%25'],
    ['one of 256 characters stays', 'x'.repeat(256), 'x'.repeat(256)],
    ['a longer one has no header', 'x'.repeat(257), null],
    ['one that is too long encoded has none either', 'é'.repeat(100), null],
  ]
  for (const [title, id, expected] of rows) {
    test(title, async t => {
      const server = await started(t, SUM)
      const response = await send(server, '/v2/models/sum/infer', { ...REQUEST, id })
      assert.equal(response.headers.get('ce-id'), expected)
      assert.equal(response.headers.get('ce-requestid'), expected)
      assert.equal(((await response.json()) as { id: string }).id, id)
    })
  }

  test('of a request without one is the one that was made', async t => {
    const server = await started(t, SUM)
    const response = await send(server, '/v2/models/sum/infer', { ...REQUEST, id: undefined })
    assert.equal(response.headers.get('ce-id'), ((await response.json()) as { id: string }).id)
  })
})

test('errors have none', async t => {
  const server = await started(t, SUM)
  assert.deepEqual(eventHeaders(await send(server, '/v2/models/sum/infer', {})), {})
})

test('cloudevents_enabled false: none', async t => {
  const server = await started(t, SUM, { cloudevents_enabled: false })
  assert.deepEqual(eventHeaders(await send(server, '/v2/models/sum/infer', REQUEST)), {})
})

suite('streams', () => {
  for (const [title, inputs] of [
    ['with events', [{ name: 'x', shape: [1], datatype: 'BYTES', data: ['{}'] }]],
    ['without any', []],
  ] as const) {
    test(title, async t => {
      const server = await started(t, ANSWERS)
      const response = await send(server, '/v2/models/sum/infer_stream', { id: 's1', inputs })
      assert.equal(response.headers.get('ce-id'), 's1')
      assert.equal(response.headers.get('ce-modelid'), 'sum')
      assert.doesNotMatch(await response.text(), /ce-|headers/i)
    })
  }
})

/** Has the model answer with these parameters. */
const ask = (parameters: object, request: object = {}) => ({
  ...request,
  inputs: [{ name: 'x', shape: [1], datatype: 'BYTES', data: [JSON.stringify(parameters)] }],
})

suite('parameters.headers', () => {
  for (const parallel_workers of [0, 1]) {
    test(`of an answer become headers, with ${parallel_workers} workers`, async t => {
      const server = await started(t, ANSWERS, { parallel_workers })
      const headers = { 'X-Made': 'here', 'ce-type': 'own' }
      const response = await send(server, '/v2/models/sum/infer', ask({ headers, kept: 1 }))
      assert.equal(response.headers.get('x-made'), 'here')
      assert.equal(response.headers.get('ce-type'), 'own', "the model's word counts")
      assert.deepEqual(((await response.json()) as { parameters: object }).parameters, { kept: 1 })
    })
  }

  test('of an answer that has no others leave no parameters', async t => {
    const server = await started(t, ANSWERS)
    const response = await send(server, '/v2/models/sum/infer', ask({ headers: { 'x-made': 'here' } }))
    assert.equal('parameters' in ((await response.json()) as object), false)
  })

  test('that are no object are a parameter', async t => {
    const server = await started(t, ANSWERS)
    const response = await send(server, '/v2/models/sum/infer', ask({ headers: 'text' }))
    assert.deepEqual(((await response.json()) as { parameters: object }).parameters, { headers: 'text' })
  })

  const wrong: [headers: object, message: RegExp][] = [
    [{ 'x-number': 5 }, /parameters\.headers\.x-number as .*5.*; a header is text/],
    [{ 'x-break': 'a\nb' }, /'x-break' must be printable ASCII/],
    [{ 'content-length': '5' }, /'content-length' belongs to the server/],
    [{ 'not a name': '' }, /'not a name' is not a name/],
  ]
  for (const [headers, message] of wrong) {
    test(`that cannot be sent are the model's fault: ${JSON.stringify(headers)}`, async t => {
      const server = await started(t, ANSWERS)
      const response = await send(server, '/v2/models/sum/infer', ask({ headers }))
      assert.equal(response.status, 500)
      assert.match(((await response.json()) as { error: string }).error, message)
    })
  }

  test('of a request do not reach the model', async t => {
    const server = await started(t, ANSWERS)
    const asked = async (path: string, parameters: object) => {
      const text = await (await send(server, path, ask({}, { parameters }))).text()
      return (JSON.parse(text.replace(/^data: /, '')) as { outputs: { data: string[] }[] }).outputs[0]!
        .data[0]
    }
    const forged = { headers: { 'x-user': 'admin' }, other: 1 }
    assert.equal(await asked('/v2/models/sum/infer', forged), '{"other":1}')
    assert.equal(await asked('/v2/models/sum/infer_stream', forged), '{"other":1}')
  })
})

test('names that would not fit beside the headers of a model have none, and the log says so', async t => {
  const name = 'n'.repeat(256)
  const files = modelFiles('m', saying('x'), { name: 'ü'.repeat(200) })
  const server = await startTestServer(t, files, { server_name: name, parallel_workers: 0 })
  await server.server.started
  const path = `/v2/models/${encodeURIComponent('ü'.repeat(200))}/infer`
  const response = await send(server, path, { inputs: [] })
  assert.equal(response.status, 200)
  assert.deepEqual(eventHeaders(response), {})
  assert.equal(server.log.filter(({ message }) => /no CloudEvents headers/.test(String(message))).length, 1)
})

const written = async (t: TestContext, text: string) => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-namespace-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'namespace'), text)
  return join(folder, 'namespace')
}

suite('the namespace', () => {
  const silent = createLogger({ isStructured: false, level: 'silent' })

  test('of a pod is part of the source', async t => {
    const namespace = readNamespace(silent, await written(t, 'team-a\n'))
    assert.equal(namespace, 'team-a')
    const events = createCloudEvents({ serverName: 'srv', namespace, log: silent }).ofModel('m')
    const headers = Object.fromEntries(events(undefined))
    assert.equal(headers['ce-source'], 'io.seldon.serving.deployment.srv.team-a')
    assert.equal(headers['ce-namespace'], 'team-a')
  })

  test('there is none outside a cluster', () => {
    assert.equal(readNamespace(silent, join(tmpdir(), 'millrace-none', 'namespace')), undefined)
  })

  for (const text of ['', 'Team', 'a b', 'a'.repeat(64), '-a']) {
    test(`not a name: ${JSON.stringify(text)}`, async t => {
      const lines: string[] = []
      const log = createLogger({ isStructured: true, level: 'info', write: line => void lines.push(line) })
      assert.equal(readNamespace(log, await written(t, text)), undefined)
      assert.match(lines.join(''), /does not hold the name of a Kubernetes namespace/)
    })
  }
})
