import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite, type TestContext, test } from 'node:test'
import { parseInferRequest, serializeInferResponse } from '../protocol/index.ts'
import { toTensor } from '../tensor/index.ts'
import { createRestClient, type RestClientOptions } from './rest-client.ts'

const INPUT = toTensor({ name: 'x', datatype: 'INT64', shape: [2], data: [9223372036854775807n, -1n] })
const REQUEST = { modelName: 'a model/1', id: 'r1', inputs: [INPUT] }

/** A server that answers as it is told. */
async function listen(t: TestContext, handle: RequestListener, options: Partial<RestClientOptions> = {}) {
  const server = createServer(handle).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = createRestClient({ url, ...options })
  t.after(async () => {
    server.closeAllConnections()
    server.close()
    await client.close()
  })
  return { server, url, client }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function answerWith(status: number, body: string | Buffer, headers: Record<string, string> = {}) {
  return (_: IncomingMessage, response: ServerResponse) => void response.writeHead(status, headers).end(body)
}

/** Sends the inputs back as outputs, in the form that was asked for. */
async function echo(http: IncomingMessage, response: ServerResponse): Promise<void> {
  const length = http.headers['inference-header-content-length']
  const jsonLength = length === undefined ? undefined : Number(length)
  const request = parseInferRequest(await bodyOf(http), { modelName: 'm', jsonLength })
  const answer = serializeInferResponse(
    { modelName: 'm', id: request.id, parameters: { path: http.url! }, outputs: request.inputs },
    request,
  )
  const sent = answer.jsonLength
  const headers = sent === undefined ? {} : { 'inference-header-content-length': String(sent) }
  response.writeHead(200, { 'content-type': answer.contentType, ...headers })
  response.end(Buffer.concat(answer.pieces))
}

suite('infer', () => {
  for (const isBinary of [false, true]) {
    test(`sends and reads ${isBinary ? 'binary tensors' : 'JSON'}, exact to the last bit`, async t => {
      const { client } = await listen(t, (http, response) => void echo(http, response), { isBinary })
      const answer = await client.infer({ ...REQUEST, modelVersion: 'v/2' })
      assert.equal(answer.id, 'r1')
      assert.equal(answer.parameters?.['path'], '/v2/models/a%20model%2F1/versions/v%2F2/infer')
      assert.deepEqual(answer.outputs[0]?.data, INPUT.data)
    })
  }

  test('sends headers of the client and of the call, on a connection that is kept', async t => {
    const seen: unknown[] = []
    const { client } = await listen(
      t,
      (http, response) => {
        seen.push([http.headers['a'], http.headers['b'], http.socket.remotePort])
        response.end('{"outputs":[]}')
      },
      { headers: { a: '1', b: '1' }, maxConnections: 1 },
    )
    await client.infer(REQUEST)
    await client.infer(REQUEST, { headers: { B: '2' } })
    const [first, second] = seen as [unknown[], unknown[]]
    assert.deepEqual(
      [first.slice(0, 2), second.slice(0, 2)],
      [
        ['1', '1'],
        ['1', '2'],
      ],
    )
    assert.equal(first[2], second[2])
  })

  test('opens no more connections than it may', async t => {
    const ports = new Set<unknown>()
    const { client } = await listen(
      t,
      (http, response) => {
        ports.add(http.socket.remotePort)
        setImmediate(() => response.end('{"outputs":[]}'))
      },
      { maxConnections: 2 },
    )
    await Promise.all(Array.from({ length: 12 }, () => client.infer(REQUEST)))
    assert.equal(ports.size, 2)
  })
})

const REFUSALS: readonly (readonly [string, RequestListener, object])[] = [
  [
    "the server's own text",
    answerWith(404, '{"error":"Model x not found"}'),
    { code: 'NOT_FOUND', message: 'Model x not found', httpStatus: 404 },
  ],
  [
    'a list of violations',
    answerWith(422, '{"detail":[{"type":"missing","loc":["body","inputs"],"msg":"Field required"}]}'),
    {
      code: 'INVALID_ARGUMENT',
      message: 'body.inputs: Field required',
      violations: [{ type: 'missing', loc: ['body', 'inputs'], msg: 'Field required' }],
    },
  ],
  [
    'plain text',
    answerWith(500, 'Internal Server Error'),
    { code: 'INTERNAL', message: 'Internal Server Error' },
  ],
  ['nothing but a status', answerWith(503, ''), { code: 'UNAVAILABLE', message: /status 503/ }],
  [
    'when to try again',
    answerWith(429, '{"error":"full"}', { 'retry-after': '3' }),
    { code: 'RESOURCE_EXHAUSTED', retryAfterMs: 3000 },
  ],
  [
    'a redirect, which is not followed',
    answerWith(307, '', { location: 'http://127.0.0.1:1/other' }),
    { code: 'FAILED_PRECONDITION', message: /status 307.*points to http:\/\/127.0.0.1:1\/other/ },
  ],
  [
    'a page in place of an answer',
    answerWith(200, '<html>'),
    { code: 'INTERNAL', message: /not valid JSON/ },
  ],
  [
    'a length that is none',
    answerWith(200, '{"outputs":[]}', { 'inference-header-content-length': 'x' }),
    { code: 'INTERNAL', message: /Inference-Header-Content-Length/ },
  ],
  [
    'an answer that breaks off',
    (_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{')
      setImmediate(() => response.destroy())
    },
    { code: 'UNAVAILABLE', message: /broke off/ },
  ],
  [
    'more than it takes, by its length',
    answerWith(200, Buffer.alloc(2000)),
    { code: 'RESOURCE_EXHAUSTED', message: /more than 1000 bytes/ },
  ],
  [
    'more than it takes, in pieces',
    (_, response) => {
      response.write(Buffer.alloc(800))
      response.end(Buffer.alloc(800))
    },
    { code: 'RESOURCE_EXHAUSTED', message: /more than 1000 bytes/ },
  ],
]

suite('an answer that is none', () => {
  for (const [title, handle, error] of REFUSALS) {
    test(title, async t => {
      const { client } = await listen(t, handle, { maxResponseBytes: 1000 })
      await assert.rejects(client.infer(REQUEST), { name: 'ServingError', ...error })
    })
  }

  test('a server that is not there', async t => {
    const { client, server } = await listen(t, () => {})
    await new Promise(resolve => server.close(resolve))
    await assert.rejects(client.infer(REQUEST), {
      code: 'UNAVAILABLE',
      message: /127\.0\.0\.1:\d+ cannot be reached: .*ECONNREFUSED/,
    })
  })
})

suite('a call that ends early', () => {
  test('by its timeout', async t => {
    const { client } = await listen(t, () => {})
    const expected = { code: 'DEADLINE_EXCEEDED', message: 'the server did not answer within 20 ms' }
    await assert.rejects(client.infer(REQUEST, { timeoutMs: 20 }), expected)
  })

  test("by the caller's signal, which the server sees", async t => {
    const gone = Promise.withResolvers<void>()
    const controller = new AbortController()
    const { client } = await listen(t, (_, response) => {
      response.on('close', () => gone.resolve())
      controller.abort()
    })
    await assert.rejects(client.infer(REQUEST, { signal: controller.signal }), { code: 'CANCELLED' })
    await gone.promise
    await assert.rejects(client.infer(REQUEST, { signal: controller.signal }), { code: 'CANCELLED' })
  })

  test('of a client that is closed', async t => {
    const { client } = await listen(t, answerWith(200, '{"outputs":[]}'))
    await client.close()
    await client.close()
    await assert.rejects(client.infer(REQUEST), { code: 'FAILED_PRECONDITION' })
  })
})

const EMPTY = { modelName: 'm', modelVersion: undefined, parameters: undefined, outputs: [] }
const event = (id: string) => `data: {"model_name":"m","id":"${id}","outputs":[]}\n\n`

suite('inferStream', () => {
  test('yields answers as they come, however they are cut', async t => {
    const text = Buffer.from(
      `: hello\r\n${event('1')}event: x\r\n${event('2').replaceAll('\n', '\r\n')}${event('3')}`,
    )
    const { client } = await listen(t, (_, response) => {
      for (const byte of text) response.write(Buffer.of(byte))
      response.end('data: {"never":"complete"}')
    })
    const ids: unknown[] = []
    for await (const { id } of client.inferStream(REQUEST)) ids.push(id)
    assert.deepEqual(ids, ['1', '2', '3'])
  })

  test('ends with the error that the server sends as its last event', async t => {
    const { client } = await listen(t, answerWith(200, `${event('1')}data: {"error":"out of words"}\n\n`))
    const stream = client.inferStream(REQUEST)[Symbol.asyncIterator]()
    assert.deepEqual((await stream.next()).value, { ...EMPTY, id: '1' })
    await assert.rejects(stream.next(), { code: 'INTERNAL', message: 'out of words' })
  })

  test('tells the server when the reader leaves', async t => {
    const gone = Promise.withResolvers<void>()
    const { client } = await listen(t, (_, response) => {
      response.on('close', () => gone.resolve())
      response.write(event('1'))
    })
    for await (const _ of client.inferStream(REQUEST)) break
    await gone.promise
  })

  test('does not wait for ever for the next answer', async t => {
    const { client } = await listen(t, (_, response) => void response.write(event('1')))
    const stream = client.inferStream(REQUEST, { timeoutMs: 100 })[Symbol.asyncIterator]()
    await stream.next()
    await assert.rejects(stream.next(), { code: 'DEADLINE_EXCEEDED' })
  })

  test('refuses an event beyond the limit, and what fails at once', async t => {
    const { client } = await listen(t, answerWith(200, `data: ${'x'.repeat(2000)}`), {
      maxResponseBytes: 1000,
    })
    await assert.rejects(client.inferStream(REQUEST)[Symbol.asyncIterator]().next(), {
      code: 'RESOURCE_EXHAUSTED',
    })
    const { client: other } = await listen(t, answerWith(404, '{"error":"no"}'))
    await assert.rejects(other.inferStream(REQUEST)[Symbol.asyncIterator]().next(), { code: 'NOT_FOUND' })
  })
})

suite('metadata and readiness', () => {
  test('of a model', async t => {
    const input = { name: 'x', datatype: 'FP32', shape: [-1, 4], parameters: { content_type: 'np' } }
    const metadata = { name: 'm', versions: ['1'], platform: 'p', inputs: [input], outputs: null, more: 1 }
    const { client } = await listen(t, answerWith(200, JSON.stringify(metadata)))
    assert.deepEqual(await client.modelMetadata({ modelName: 'm' }), {
      name: 'm',
      versions: ['1'],
      platform: 'p',
      inputs: [{ ...input, contentType: 'np' }],
      outputs: [],
    })
  })

  for (const [text, message] of [
    ['null', /they are null; expected an object/],
    ['{}', /name is undefined/],
    ['{"name":"m","inputs":[{"name":"x","datatype":"FP31","shape":[]}]}', /inputs\[0\].datatype is "?'?FP31/],
    ['{"name":"m","inputs":[{"name":"x","datatype":"FP32","shape":[-2]}]}', /shape\[0\] is -2/],
  ] as const) {
    test(`that cannot be used: ${text}`, async t => {
      const { client } = await listen(t, answerWith(200, text))
      await assert.rejects(client.modelMetadata({ modelName: 'm' }), { code: 'INTERNAL', message })
    })
  }

  test('ready, not ready, neither', async t => {
    const statuses = [200, 503, 400]
    const paths: unknown[] = []
    const { client } = await listen(t, (http, response) => {
      paths.push(http.url)
      response.writeHead(statuses.shift() ?? 404).end()
    })
    assert.equal(await client.isReady(), true)
    assert.equal(await client.isReady(), false)
    assert.equal(await client.isReady({ modelName: 'm' }), false)
    await assert.rejects(client.isReady({ modelName: 'm', modelVersion: '1' }), { code: 'NOT_FOUND' })
    assert.deepEqual(paths.slice(2), ['/v2/models/m/ready', '/v2/models/m/versions/1/ready'])
  })
})

suite('what a client cannot be made of', () => {
  for (const [options, message] of [
    [{ url: 'localhost:8080' }, /expected http:\/\/HOST:PORT/],
    [{ url: 'http://me:secret@127.0.0.1' }, /^url has a user name or password; send/],
    [{ url: 'http://127.0.0.1/?a=1' }, /query/],
    [{ url: 'http://127.0.0.1', tls: {} }, /https/],
    [{ url: 'http://127.0.0.1', maxConnections: 0 }, /maxConnections is 0/],
  ] as const) {
    test(JSON.stringify(options), () => {
      assert.throws(() => createRestClient(options), { code: 'INVALID_ARGUMENT', message })
    })
  }

  test('names that are steps of a path, timeouts that are none', async () => {
    const client = createRestClient({ url: 'http://127.0.0.1:1' })
    for (const modelName of ['', '.', '..']) {
      await assert.rejects(client.infer({ modelName, inputs: [] }), {
        code: 'INVALID_ARGUMENT',
        message: /name/,
      })
    }
    await assert.rejects(client.infer(REQUEST, { headers: { a: 'b\nc' } }), { message: /header 'a' cannot/ })
    await assert.rejects(client.infer(REQUEST, { timeoutMs: 0 }), { message: /timeoutMs is 0/ })
  })
})
