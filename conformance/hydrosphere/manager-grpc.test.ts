import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  loadPackageDefinition,
  type ServiceClientConstructor,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { registerScripted, startBed, type UpBed } from './bed/up-bed.ts'
import { answering } from './trials/simple-models.ts'

const PROTO = fileURLToPath(new URL('../../packages/sdk/protocol/proto/', import.meta.url))
const LOADING = { includeDirs: [PROTO], keepCase: true, longs: Number, enums: String, defaults: true }

type Message = Readonly<Record<string, unknown>>
type Unary = (message: Message, reply: (error: ServiceError | null, answer: Message) => void) => void
type Many = (message: Message) => ClientReadableStream<Message>
type Watch = () => ClientDuplexStream<Message, Message>

/** What the library makes of the repository's protocol files, as any client in any language would. */
interface Services {
  readonly manager: {
    readonly GetAllVersions: Many
    readonly GetVersion: Unary
    readonly DeployServable: Many
    readonly GetServables: Many
    readonly RemoveServable: Unary
    close(): void
  }
  readonly discovery: {
    readonly WatchApplications: Watch
    readonly WatchServables: Watch
    readonly WatchMetricSpec: Watch
    close(): void
  }
}

const GENERATIONS = {
  G2: { path: ['hydrosphere'], files: 'hydrosphere' },
  G3: { path: ['hydrosphere', 'serving'], files: 'hydrosphere/serving' },
} as const

function open(address: string, generation: keyof typeof GENERATIONS): Services {
  const { path, files } = GENERATIONS[generation]
  const definitions = loadSync(
    [`${files}/manager/manager.proto`, `${files}/discovery/discovery.proto`],
    LOADING,
  )
  const packages: unknown = path.reduce<unknown>(
    (found, name) => (found as Record<string, unknown>)[name],
    loadPackageDefinition(definitions),
  )
  const { manager, discovery } = packages as {
    readonly manager: { readonly ManagerService: ServiceClientConstructor }
    readonly discovery: { readonly ServingDiscovery: ServiceClientConstructor }
  }
  const connect = (service: ServiceClientConstructor) => new service(address, credentials.createInsecure())
  return {
    manager: connect(manager.ManagerService) as unknown as Services['manager'],
    discovery: connect(discovery.ServingDiscovery) as unknown as Services['discovery'],
  }
}

/** The next message of a stream that stays open. */
async function next(stream: AsyncIterator<Message>): Promise<Message> {
  const result: IteratorResult<Message, unknown> = await stream.next()
  if (result.done === true) throw new Error('the stream has ended')
  return result.value
}

/** Goes on until a message suits. */
async function until(stream: AsyncIterator<Message>, suits: (message: Message) => boolean): Promise<Message> {
  for (;;) {
    const message = await next(stream)
    if (suits(message)) return message
  }
}

const listOf = (message: Message, name: string) => message[name] as readonly Message[]

for (const generation of ['G2', 'G3'] as const) {
  suite(`${generation}: the manager's gRPC services, from their protocol files`, () => {
    let bed: UpBed
    let services: Services
    let versionId: number
    before(async () => {
      bed = await startBed()
      services = open(bed.up.grpc, generation)
      await registerScripted(bed)
      versionId = (await bed.release(answering('one', 1))).id
    })
    after(async () => {
      services.manager.close()
      services.discovery.close()
      await bed.close()
    })

    const ask = (method: 'GetVersion' | 'RemoveServable', message: Message) =>
      new Promise<Message>((resolve, reject) => {
        services.manager[method](message, (error, answer) =>
          error === null ? resolve(answer) : reject(error),
        )
      })

    test('versions, one and all', async () => {
      const all = await services.manager.GetAllVersions({}).toArray()
      assert.deepEqual(
        (all as Message[]).map(({ id, version }) => [id, version]),
        [[versionId, 1]],
      )
      assert.equal((await ask('GetVersion', { id: versionId }))['id'], versionId)
      await assert.rejects(ask('GetVersion', { id: 4711 }), { code: status.NOT_FOUND })
    })

    test('a servable is deployed, told of until it serves, listed and removed', async () => {
      const watch = services.discovery.WatchServables()
      const events = watch[Symbol.asyncIterator]() as AsyncIterator<Message>
      await next(events)
      const metadata = { purpose: 'test' }
      const told = (await services.manager
        .DeployServable({ version_id: versionId, metadata })
        .toArray()) as Message[]
      const last = told.at(-1)!
      assert.match(String(last['status']), /^SERVING$/i)
      const name = String(last['name'])
      const listed = (await services.manager.GetServables({ filter: { metadata } }).toArray()) as Message[]
      assert.deepEqual(
        listed.map(servable => servable['name']),
        [name],
      )
      await until(events, event =>
        listOf(event, 'added').some(servable => /^SERVING$/i.test(String(servable['status']))),
      )
      await ask('RemoveServable', { servable_name: name })
      const event = await until(events, ({ removedIdx }) => (removedIdx as readonly string[]).length > 0)
      assert.deepEqual(event['removedIdx'], [name])
      await assert.rejects(ask('RemoveServable', { servable_name: name }), { code: status.NOT_FOUND })
      watch.end()
    })

    test('applications are announced when they are ready, and taken back', async () => {
      const watch = services.discovery.WatchApplications()
      const events = watch[Symbol.asyncIterator]() as AsyncIterator<Message>
      assert.deepEqual(listOf(await next(events), 'added'), [])
      await bed.ready('seen', [[[versionId, 100]]])
      const event = await until(events, event => listOf(event, 'added').length > 0)
      assert.equal(listOf(event, 'added')[0]!['name'], 'seen')
      await bed.ok('DELETE', '/api/v2/application/seen')
      await until(events, ({ removedIds }) => (removedIds as readonly string[]).length === 1)
      // The stream ends when the client ends its own.
      watch.end()
      for (;;) if ((await events.next()).done === true) break
    })

    test('metric specifications are watched from the first answer on', async () => {
      const watch = services.discovery.WatchMetricSpec()
      const events = watch[Symbol.asyncIterator]() as AsyncIterator<Message>
      assert.deepEqual(listOf(await next(events), 'added'), [])
      watch.cancel()
      await assert.rejects(events.next(), { code: status.CANCELLED })
    })
  })
}
