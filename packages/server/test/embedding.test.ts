import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Model, type ModelSettings } from '@millrace/sdk'
import { createGrpcClient } from '@millrace/sdk/client'
import { createLogger, type JsonObject, loadServerSettings } from '../base/index.ts'
import type { ServeDoors } from '../listeners.ts'
import { type RunningServer, serve } from '../serve.ts'

/** A server without a repository, as a program embeds it. */
async function start(
  t: TestContext,
  doors: ServeDoors = {},
  more: JsonObject = {},
): Promise<{ server: RunningServer; base: string }> {
  const { settings } = await loadServerSettings({
    flags: { http_port: 0, grpc_port: 0, metrics_port: 0, shutdown_timeout: 5, parallel_workers: 0, ...more },
    environment: {},
  })
  const log = createLogger({ isStructured: true, level: 'silent' })
  const server = await serve({ folder: null, settings, environment: {}, log, doors })
  t.after(() => server.close())
  assert.deepEqual(await server.started, [])
  return { server, base: `http://${server.rest.host}:${server.rest.port}` }
}

/** Says the same to everybody, and tells when it is let go. */
class Saying extends Model {
  readonly text: string
  readonly unloaded = Promise.withResolvers<void>()
  held: Promise<void> | undefined
  readonly asked = Promise.withResolvers<void>()

  constructor(name: string, text: string) {
    const settings: ModelSettings = {
      name,
      version: undefined,
      implementation: 'hosted',
      folder: '',
      uri: '',
      platform: '',
      versionNotes: [],
      inputs: [],
      outputs: [],
      enforceContract: true,
      contentType: undefined,
      extra: {},
      parameters: {},
    }
    super(settings)
    this.text = text
  }

  override async predict() {
    this.asked.resolve()
    await this.held
    return { outputs: [{ name: 'said', datatype: 'BYTES', shape: [1], data: [this.text] }] }
  }

  override unload() {
    this.unloaded.resolve()
  }
}

async function ask(base: string, name: string): Promise<unknown> {
  const response = await fetch(`${base}/v2/models/${name}/infer`, { method: 'POST', body: '{"inputs":[]}' })
  const body = (await response.json()) as { outputs?: { data: unknown[] }[] }
  return body.outputs?.[0]?.data[0] ?? response.status
}

test('a hosted model answers over every door, is replaced without a gap, and removed', async t => {
  const { server, base } = await start(t)
  const first = new Saying('hosted', 'one')
  const { promise, resolve } = Promise.withResolvers<void>()
  first.held = promise
  assert.equal(await ask(base, 'hosted'), 404)
  await server.registry.host(first)

  const slow = ask(base, 'hosted')
  await first.asked.promise
  const second = new Saying('hosted', 'two')
  await server.registry.host(second)
  assert.equal(await ask(base, 'hosted'), 'two')
  resolve()
  assert.equal(await slow, 'one', 'what was asked before the change is answered by what was there')
  await first.unloaded.promise

  const client = createGrpcClient({ target: `${server.grpc.host}:${server.grpc.port}` })
  t.after(() => client.close())
  const { outputs } = await client.infer({ modelName: 'hosted', inputs: [] })
  assert.equal(Buffer.from([...outputs[0]!.data][0] as Uint8Array).toString(), 'two')

  await server.registry.unload('hosted')
  await second.unloaded.promise
  assert.equal(await ask(base, 'hosted'), 404)
})

test("further routes and methods are served under the server's limits and errors", async t => {
  const { server, base } = await start(t, {
    routes: [
      {
        method: 'POST',
        path: '/gateway/:name',
        handle: ({ params }) => ({ status: 200, body: Buffer.from(params['name']!) }),
      },
    ],
    methods: new Map([['/test.Echo/Say', { kind: 'unary', handle: message => message }]]),
  })
  const response = await fetch(`${base}/gateway/a%2Fb`, { method: 'POST' })
  assert.equal(await response.text(), 'a/b')
  assert.equal((await fetch(`${base}/gateway/a`)).status, 405)
  assert.ok(server.grpc.port > 0)
})

test('paths that are handed over are answered by whoever takes them, also while the server stops', async t => {
  const held = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  const { server, base } = await start(t, {
    handOver: {
      takes: path => path.startsWith('/api/'),
      handle(message, response) {
        message.resume().once('end', () => {
          response.write('one ')
          arrived.resolve()
          void held.promise.then(() => response.end(`two ${message.url}`))
        })
      },
    },
  })
  const answer = fetch(`${base}/api/list?x=1`, { method: 'POST', body: 'abc' }).then(response =>
    response.text(),
  )
  await arrived.promise
  const closed = server.close()
  held.resolve()
  assert.equal(await answer, 'one two /api/list?x=1')
  await closed
})

test('a client that leaves what was handed over is noticed', async t => {
  const left = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  const { base } = await start(t, {
    handOver: {
      takes: path => path.startsWith('/api/'),
      handle(_message, response) {
        response.write('event\n')
        response.once('close', () => left.resolve())
        arrived.resolve()
      },
    },
  })
  const abort = new AbortController()
  const response = await fetch(`${base}/api/events`, { signal: abort.signal })
  await arrived.promise
  abort.abort()
  await assert.rejects(response.text())
  await left.promise
})

test('paths that are handed over ask callers for the scope admin', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-embedding-'))
  t.after(() => rm(folder, { recursive: true }))
  const keys = join(folder, 'keys.json')
  await writeFile(
    keys,
    JSON.stringify({
      keys: [
        { name: 'operator', key: 'operator-key-0123456789', scopes: ['admin'] },
        { name: 'client', key: 'client-key-0123456789ab', scopes: ['infer'] },
      ],
    }),
    { mode: 0o600 },
  )
  const seen: unknown[] = []
  const { base } = await start(
    t,
    {
      handOver: {
        takes: path => path.startsWith('/api/'),
        handle({ headers }, response) {
          seen.push(headers['authorization'])
          response.end('done')
        },
      },
    },
    { security: { api_keys_file: keys } },
  )
  const ask = (headers: Record<string, string>) => fetch(`${base}/api/v2/model`, { headers })
  assert.equal((await ask({})).status, 401)
  assert.equal((await ask({ authorization: 'Bearer client-key-0123456789ab' })).status, 403)
  const answer = await ask({ authorization: 'Bearer operator-key-0123456789' })
  assert.equal(await answer.text(), 'done')
  assert.deepEqual(seen, [undefined], 'credentials go no further')
})

test('figures of the program are shown with those of the server', async t => {
  let count = 2
  const figure = {
    name: 'program_things_total',
    help: 'Things',
    type: 'counter',
    read: () => [{ labels: { kind: 'one' }, value: count }],
  } as const
  const { server } = await start(t, { figures: [figure] })
  const scrape = async () => (await fetch(`http://127.0.0.1:${server.metrics!.port}/metrics`)).text()
  assert.match(await scrape(), /^# TYPE program_things_total counter\nprogram_things_total\{kind="one"\} 2$/m)
  count = 3
  assert.match(await scrape(), /^program_things_total\{kind="one"\} 3$/m)
})
