import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite, type TestContext, test } from 'node:test'
import { createManagerClient, type ManagerClientOptions } from './index.ts'

const SIGNATURE = {
  signatureName: 'scale',
  inputs: [{ name: 'xs', dtype: 'DT_DOUBLE', shape: { dims: [-1, 2] }, profile: 'NUMERICAL' }],
  outputs: [{ name: 'total', dtype: 'DT_DOUBLE', shape: null, profile: 'NONE' }],
}
const VERSION = {
  id: 12,
  model: { id: 1, name: 'scaler' },
  modelVersion: 1,
  modelSignature: SIGNATURE,
  created: '2021-11-12T10:15:30Z',
  finished: null,
  status: 'Assembling',
  metadata: {},
}
const APPLICATION = {
  id: 4,
  name: 'a b',
  status: 'Assembling',
  executionGraph: { stages: [] },
  message: null,
}

async function listen(t: TestContext, handle: RequestListener, options: Partial<ManagerClientOptions> = {}) {
  const server = createServer(handle).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = createManagerClient({ url, ...options })
  t.after(async () => {
    server.closeAllConnections()
    server.close()
    await client.close()
  })
  return { server, client, url }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** Answers with the JSON of a path, and keeps what was asked. */
function answers(json: unknown) {
  const asked: { method: string; url: string; body: unknown }[] = []
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const body = (await bodyOf(request)).toString()
    asked.push({
      method: request.method!,
      url: request.url!,
      body: body === '' ? undefined : JSON.parse(body),
    })
    response.end(JSON.stringify(json))
  }
  return {
    asked,
    handle: (request: IncomingMessage, response: ServerResponse) => void handle(request, response),
  }
}

function events(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).write(text)
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  return Array.fromAsync(items)
}

suite('plain calls', () => {
  test('go to their paths with their bodies', async t => {
    const { asked, handle } = answers(APPLICATION)
    const { client } = await listen(t, handle)
    const stages = [{ modelVariants: [{ modelVersionId: 12, weight: 100 }] }]
    const wanted = { name: 'a b', executionGraph: { stages } }
    await client.applications.get('a b/c')
    await client.applications.create(wanted)
    await client.applications.update(4, wanted)
    await client.applications.delete('a b')
    const sent = { name: 'a b', executionGraph: { stages }, kafkaStreaming: [] }
    assert.deepEqual(asked, [
      { method: 'GET', url: '/api/v2/application/a%20b%2Fc', body: undefined },
      { method: 'POST', url: '/api/v2/application', body: sent },
      { method: 'PUT', url: '/api/v2/application', body: { id: 4, ...sent } },
      { method: 'DELETE', url: '/api/v2/application/a%20b', body: undefined },
    ])
  })

  test('give null and absent members alike', async t => {
    const { client } = await listen(t, answers([VERSION]).handle)
    const [version] = await client.versions.list()
    assert.equal(version!.finished, undefined)
    assert.ok(!('finished' in version!))
    assert.deepEqual(version!.modelSignature.outputs, [
      { name: 'total', dtype: 'DT_DOUBLE', profile: 'NONE' },
    ])
  })

  const wrong: readonly [json: unknown, message: RegExp][] = [
    ['text', /it is no list/],
    [{}, /it is no list/],
    [[1], /it is no object/],
    [[{ id: 1 }], /its member model is missing/],
    [[{ ...VERSION, modelVersion: '1' }], /its member modelVersion is no number/],
  ]
  for (const [json, message] of wrong) {
    test(`refuse ${JSON.stringify(json).slice(0, 40)} as an answer`, async t => {
      const { client } = await listen(t, answers(json).handle)
      await assert.rejects(client.versions.list(), { code: 'INTERNAL', message })
    })
  }

  test('refuse names that lead elsewhere, before they ask', async t => {
    const { asked, handle } = answers(APPLICATION)
    const { client } = await listen(t, handle)
    for (const name of ['', '.', '..']) {
      await assert.rejects(async () => client.applications.get(name), { code: 'INVALID_ARGUMENT' })
    }
    assert.deepEqual(asked, [])
  })
})

suite('refusals', () => {
  const refusals: readonly [status: number, body: string, code: string, text: string][] = [
    [404, '{"message":"no such thing","error":"NotFound"}', 'NOT_FOUND', 'no such thing'],
    [400, '{"message":"bad","error":"InvalidRequest"}', 'INVALID_ARGUMENT', 'bad'],
    [500, '{"error":"InternalException","message":"oh"}', 'INTERNAL', 'oh'],
    [
      400,
      '{"error":"BadRequest","information":"Missing \'xs\' field"}',
      'INVALID_ARGUMENT',
      "Missing 'xs' field",
    ],
    [500, '{"error":"Client","information":{"message":"old"}}', 'INTERNAL', 'old'],
    [501, '{"error":"NotSupported","message":"not here"}', 'UNIMPLEMENTED', 'not here'],
    [404, '{"errors":["no version 7","no field"]}', 'NOT_FOUND', 'no version 7; no field'],
    [400, 'The request content was malformed', 'INVALID_ARGUMENT', 'The request content was malformed'],
  ]
  for (const [status, body, code, message] of refusals) {
    test(`${status} ${body}`, async t => {
      const { client } = await listen(t, (_, response) => void response.writeHead(status).end(body))
      await assert.rejects(client.models.list(), { code, message })
      const stream = async () => collect(client.versions.buildLog(1))
      await assert.rejects(stream, { code, message })
      await assert.rejects(client.subscribe(), { code, message })
    })
  }

  test('a server that is not there', async t => {
    const { client, server } = await listen(t, () => {})
    server.close()
    await assert.rejects(client.models.list(), { code: 'UNAVAILABLE', message: /cannot be reached/ })
  })

  test('an answer beyond the limit', async t => {
    const { client } = await listen(t, answers([VERSION]).handle, { maxResponseBytes: 100 })
    await assert.rejects(client.versions.list(), { code: 'RESOURCE_EXHAUSTED' })
  })

  test('silence, and being withdrawn', async t => {
    const { client } = await listen(t, () => {})
    await assert.rejects(client.models.list({ timeoutMs: 20 }), { code: 'DEADLINE_EXCEEDED' })
    const controller = new AbortController()
    const call = client.models.list({ signal: controller.signal })
    controller.abort()
    await assert.rejects(call, { code: 'CANCELLED' })
  })
})

async function* twoPieces(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('one')
  yield Buffer.from([0, 255, 13, 10])
}

async function* brokenPieces(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('one')
  throw new Error('the disk is gone')
}

suite('an upload', () => {
  const NEW = { name: 'scaler', runtime: { name: 'millrace/runtime', tag: '1' }, modelSignature: undefined }

  test('sends both parts as they come, and tells how far it is', async t => {
    let body = ''
    let type = ''
    const { client } = await listen(t, (request, response) => {
      type = request.headers['content-type'] ?? ''
      void bodyOf(request).then(bytes => {
        body = bytes.toString('latin1')
        response.end(JSON.stringify(VERSION))
      })
    })
    const sent: number[] = []
    const version = await client.versions.upload(NEW, twoPieces(), {
      onProgress: bytes => void sent.push(bytes),
    })
    assert.equal(version.id, 12)
    assert.deepEqual(sent, [3, 7])
    const boundary = /^multipart\/form-data; boundary=(\S+)$/.exec(type)?.[1] ?? ''
    const [before, metadata, file, end] = body.split(`--${boundary}`)
    assert.equal(before, '')
    assert.match(
      metadata!,
      /name="metadata"\r\ncontent-type: application\/json\r\n\r\n\{"name":"scaler",.*\}\r\n$/,
    )
    assert.doesNotMatch(metadata!, /filename/)
    assert.ok(file!.includes('name="payload"; filename="payload.tar.gz"'))
    assert.ok(file!.endsWith('\r\n\r\none\0\u00ff\r\n\r\n'))
    assert.equal(end, '--\r\n')
  })

  test('that cannot be read fails with its own reason, and the server sees no whole request', async t => {
    const aborted = Promise.withResolvers<void>()
    const { client } = await listen(t, request => {
      request.on('error', () => aborted.resolve()).resume()
    })
    await assert.rejects(client.versions.upload(NEW, brokenPieces()), {
      code: 'UNAVAILABLE',
      message: /the disk is gone/,
    })
    await aborted.promise
  })
})

suite('the build log', () => {
  test('ends with the build, and goes on where it broke off', async t => {
    const asked: (string | undefined)[] = []
    const { client } = await listen(t, (request, response) => {
      const last = request.headers['last-event-id']
      asked.push(last as string | undefined)
      if (last === undefined) {
        events(response, 'event: Log\nid: 0\ndata: Step 1\n\n:\n\nevent: Log\nid: 1\ndata: \n\n')
        setImmediate(() => response.destroy())
      } else {
        events(response, 'event: Log\nid: 2\ndata: done\n\nevent: EndOfStream\ndata: \n\n')
      }
    })
    const lines = await collect(client.versions.buildLog(12))
    assert.deepEqual(lines, [
      { index: 0, text: 'Step 1' },
      { index: 1, text: '' },
      { index: 2, text: 'done' },
    ])
    assert.deepEqual(asked, [undefined, '1'])
  })

  test('that ends without its build is no whole one', async t => {
    const { client } = await listen(t, (_, response) => {
      events(response, ':\n\n')
      response.end()
    })
    const reading = async () => collect(client.versions.buildLog(12))
    await assert.rejects(reading, { code: 'UNAVAILABLE', message: /ended before its build did/ })
  })

  test('is left when its loop is', async t => {
    const left = Promise.withResolvers<void>()
    const { client } = await listen(t, (_, response) => {
      response.on('close', () => left.resolve())
      events(response, 'event: Log\nid: 0\ndata: Step 1\n\n')
    })
    for await (const line of client.versions.buildLog(12)) {
      assert.equal(line.text, 'Step 1')
      break
    }
    await left.promise
  })
})

test('logs of a servable are followed if that is asked', async t => {
  const asked: string[] = []
  const { client } = await listen(t, (request, response) => {
    asked.push(request.url!)
    events(response, 'data: one\n\ndata: two\n\n')
    response.end()
  })
  assert.deepEqual(await collect(client.servables.logs('s-1')), ['one', 'two'])
  assert.deepEqual(await collect(client.servables.logs('s-1', { isFollowed: true })), ['one', 'two'])
  assert.deepEqual(asked, ['/api/v2/servable/s-1/logs?follow=false', '/api/v2/servable/s-1/logs?follow=true'])
})

suite('events', () => {
  test('come with their data, in several lines or bare', async t => {
    const { client } = await listen(t, (_, response) => {
      const lines = JSON.stringify(APPLICATION, null, 2).split('\n')
      events(response, `event: ApplicationUpdate\n${lines.map(line => `data: ${line}\n`).join('')}\n`)
      response.write('event: ApplicationRemove\ndata: a b\n\nevent: ModelRemove\ndata: 12\n\n')
      response.write('event: SomethingNew\ndata: x\n\nevent: MetricSpecRemove\ndata: "u-1"\n\n')
      response.end()
    })
    const { message: _, ...data } = APPLICATION
    assert.deepEqual(await collect(await client.subscribe()), [
      { type: 'ApplicationUpdate', data },
      { type: 'ApplicationRemove', data: 'a b' },
      { type: 'ModelRemove', data: '12' },
      { type: 'MetricSpecRemove', data: 'u-1' },
    ])
  })

  test('end when they are closed, before a loop and in it', async t => {
    const { client } = await listen(t, (_, response) => events(response, ':\n\n'))
    const first = await client.subscribe()
    first.close()
    assert.deepEqual(await collect(first), [])
    const second = await client.subscribe()
    const reading = collect(second)
    second.close()
    assert.deepEqual(await reading, [])
  })

  test('of a server that has fallen silent end in time', async t => {
    const { client } = await listen(t, (_, response) => events(response, ':\n\n'))
    const stream = await client.subscribe({ timeoutMs: 30 })
    await assert.rejects(async () => collect(stream), { code: 'DEADLINE_EXCEEDED' })
  })
})

test('a prediction is text in and out, with all its digits', async t => {
  let asked = ''
  const { client } = await listen(t, (request, response) => {
    asked = request.url!
    void bodyOf(request).then(body => response.end(body))
  })
  const json = '{"x":9223372036854775807,"y":null}'
  assert.equal(await client.predict({ application: 'a' }, json), json)
  assert.equal(asked, '/gateway/application/a')
  assert.equal(await client.predict({ servable: 's-1' }, json), json)
  assert.equal(asked, '/gateway/servable/s-1')
})
