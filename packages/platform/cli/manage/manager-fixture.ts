import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestScope } from '../test-command.ts'

interface Version {
  readonly id: number
  readonly model: { readonly id: number; readonly name: string }
  readonly modelVersion: number
  status: string
  readonly [member: string]: unknown
}

interface Variant {
  readonly modelVersionId: number
  readonly weight: number
  readonly deploymentConfigName?: string | null
}

interface Application {
  readonly id: number
  readonly name: string
  status: string
  message: string | null
  readonly [member: string]: unknown
}

interface Wanted {
  readonly id?: number
  readonly name: string
  readonly metadata?: object
  readonly executionGraph: { readonly stages: readonly { readonly modelVariants: readonly Variant[] }[] }
}

/** A manager of one test, which answers as the interface says and keeps all in memory. */
export interface TestManager {
  readonly url: string
  /** Method and path of every request but those for events. */
  readonly asked: string[]
  readonly versions: Version[]
  readonly applications: Map<string, Application>
  readonly configurations: Map<string, object>
  readonly metrics: object[]
  readonly payloads: Map<number, Buffer>
  /** The metadata part of every upload. */
  readonly uploads: Record<string, unknown>[]
  readonly trainingData: string[]
  /** What is said of it. */
  trainingStatus: object
  /** Lines of every build; one that holds FAIL fails it. */
  buildLines: string[]
  /** How applications end. */
  outcome: { readonly status: string; readonly message: string | null }
  hasMonitoring: boolean
  isUploadRefused: boolean
}

class Refusal extends Error {
  readonly status: number
  readonly word: string
  constructor(status: number, word: string, message: string) {
    super(message)
    this.status = status
    this.word = word
  }
}

const notFound = (message: string) => new Refusal(404, 'NotFound', message)
const invalid = (message: string) => new Refusal(400, 'InvalidRequest', message)
const SIGNATURE = { signatureName: 'predict', inputs: [{}], outputs: [{}] }
const NOTHING = { installCommand: null, sha256: null }

export async function startManager(t: TestScope): Promise<TestManager> {
  const streams = new Set<ServerResponse>()
  const servables = new Map<string, object>()
  let nextId = 1
  const state: Omit<TestManager, 'url'> = {
    asked: [],
    versions: [],
    applications: new Map(),
    configurations: new Map([['hydrosphere_manager_default', { name: 'hydrosphere_manager_default' }]]),
    metrics: [],
    payloads: new Map(),
    uploads: [],
    trainingData: [],
    trainingStatus: { kind: 'Success', message: null, rows: 3, skippedRows: 0 },
    buildLines: ['Step 1', 'Step 2'],
    outcome: { status: 'Ready', message: null },
    hasMonitoring: true,
    isUploadRefused: false,
  }

  function tell(type: string, data: unknown): void {
    const lines = JSON.stringify(data, null, 2).split('\n')
    const text = `event: ${type}\n${lines.map(line => `data: ${line}\n`).join('')}\n`
    for (const stream of streams) stream.write(text)
  }

  function upload(body: Buffer, type: string): object {
    const { metadata, payload } = readParts(body, type)
    state.uploads.push(metadata)
    const name = String(metadata['name'])
    const own = state.versions.filter(version => version.model.name === name)
    const { name: runtimeName, tag } = metadata['runtime'] as { name: string; tag: string }
    const version: Version = {
      id: nextId++,
      image: { name, tag: String(own.length + 1), sha256: null },
      created: '2021-11-12T10:15:30.123456Z',
      finished: null,
      modelVersion: own.length + 1,
      modelSignature: metadata['modelSignature'] ?? SIGNATURE,
      runtime: { name: runtimeName, tag, sha256: null },
      model: own[0]?.model ?? { id: nextId++, name },
      status: 'Assembling',
      ...NOTHING,
      installCommand: metadata['installCommand'] ?? null,
      metadata: metadata['metadata'] ?? {},
      monitoringConfiguration: metadata['monitoringConfiguration'] ?? { batchSize: 100 },
    }
    state.versions.push(version)
    state.payloads.set(version.id, payload)
    return { ...version }
  }

  function buildLog(response: ServerResponse, id: number): void {
    const version = state.versions.find(one => one.id === id)
    if (version === undefined) throw notFound(`Can't find logs for model version id = ${id}`)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const [index, line] of state.buildLines.entries()) {
      response.write(`event: Log\nid: ${index}\ndata: ${line}\n\n`)
    }
    response.end('event: EndOfStream\ndata: \n\n')
    // The end of the log may come before the version's.
    setImmediate(() => {
      version.status = state.buildLines.some(line => line.includes('FAIL')) ? 'Failed' : 'Released'
      tell('ModelUpdate', version)
    })
  }

  const view = (version: Version) => {
    const { installCommand: _, ...shown } = version
    const applications = [...state.applications.values()].filter(application =>
      JSON.stringify(application).includes(`"modelVersionId":${version.id},`),
    )
    return { ...shown, applications: applications.map(({ name }) => name), isExternal: false }
  }

  function deploy(wanted: Wanted, id: number): Application {
    const stages = wanted.executionGraph.stages.map(({ modelVariants }) => ({
      modelVariants: modelVariants.map(({ modelVersionId, weight, deploymentConfigName = null }) => {
        const version = state.versions.find(one => one.id === modelVersionId)
        if (version === undefined) throw notFound(`Can't find modelversion ${modelVersionId}`)
        const fullName = `${version.model.name}-${version.modelVersion}-quiet-river`
        const deploymentConfigurationName = deploymentConfigName ?? 'hydrosphere_manager_default'
        servables.set(fullName, {
          modelVersionId,
          fullName,
          metadata: {},
          deploymentConfigurationName,
          status: 'Serving',
          statusMessage: null,
        })
        return {
          modelVersionId,
          servableName: fullName,
          deploymentConfigurationName: deploymentConfigName,
          weight,
        }
      }),
      signature: SIGNATURE,
    }))
    const application: Application = {
      id,
      name: wanted.name,
      status: 'Assembling',
      signature: SIGNATURE,
      message: 'Initialization',
      metadata: wanted.metadata ?? {},
      kafkaStreaming: [],
      executionGraph: { stages },
    }
    state.applications.set(wanted.name, application)
    setImmediate(() => {
      tell('ApplicationUpdate', application)
      Object.assign(application, state.outcome)
      tell('ApplicationUpdate', application)
    })
    return application
  }

  type Handle = (match: readonly string[], json: never) => unknown
  const routes: readonly (readonly [route: RegExp, handle: Handle])[] = [
    [
      /^GET \/api\/v2\/model$/,
      () => [...new Map(state.versions.map(({ model }) => [model.id, model])).values()],
    ],
    [
      /^DELETE \/api\/v2\/model\/(\d+)$/,
      ([id]) => {
        const own = state.versions.filter(({ model }) => model.id === Number(id))
        if (own.length === 0) throw notFound(`Can't find model id ${id}`)
        const users = own.flatMap(version => view(version).applications)
        if (users.length > 0) throw invalid(`Can't delete the model. It's used in [${users.join(', ')}].`)
        for (const version of own) state.versions.splice(state.versions.indexOf(version), 1)
        return own[0]!.model
      },
    ],
    [/^GET \/api\/v2\/model\/version$/, () => state.versions.map(view)],
    [
      /^GET \/api\/v2\/model\/version\/([^/]+)\/(\d+)$/,
      ([name, number]) => {
        const version = state.versions.find(
          one => one.model.name === name && one.modelVersion === Number(number),
        )
        if (version === undefined) throw notFound(`Can't find model version ${name}:${number}`)
        return view(version)
      },
    ],
    [/^GET \/api\/v2\/application$/, () => [...state.applications.values()]],
    [
      /^GET \/api\/v2\/application\/([^/]+)$/,
      ([name]) => named(state.applications, name!, 'Application with name'),
    ],
    [
      /^POST \/api\/v2\/application$/,
      (_, wanted: Wanted) => {
        if (state.applications.has(wanted.name))
          throw invalid(`Application with name ${wanted.name} already exists`)
        return { ...deploy(wanted, nextId++) }
      },
    ],
    [/^PUT \/api\/v2\/application$/, (_, wanted: Wanted) => ({ ...deploy(wanted, wanted.id!) })],
    [
      /^DELETE \/api\/v2\/application\/([^/]+)$/,
      ([name]) => removed(state.applications, name!, 'Application with name'),
    ],
    [/^GET \/api\/v2\/servable$/, () => [...servables.values()]],
    [/^GET \/api\/v2\/servable\/([^/]+)$/, ([name]) => named(servables, name!, 'Servable')],
    [/^DELETE \/api\/v2\/servable\/([^/]+)$/, ([name]) => removed(servables, name!, 'Servable')],
    [/^GET \/api\/v2\/deployment_configuration$/, () => [...state.configurations.values()]],
    [
      /^GET \/api\/v2\/deployment_configuration\/([^/]+)$/,
      ([name]) => named(state.configurations, name!, 'DeploymentConfiguration'),
    ],
    [
      /^POST \/api\/v2\/deployment_configuration$/,
      (_, body: { readonly name: string }) => {
        const full = { container: null, pod: null, deployment: null, hpa: null, ...body }
        state.configurations.set(body.name, full)
        return full
      },
    ],
    [
      /^DELETE \/api\/v2\/deployment_configuration\/([^/]+)$/,
      ([name]) => removed(state.configurations, name!, 'DeploymentConfiguration'),
    ],
    [
      /^GET \/api\/v2\/monitoring\/metricspec\/modelversion\/(\d+)$/,
      ([id]) =>
        state.metrics.filter(metric => (metric as { modelVersionId: number }).modelVersionId === Number(id)),
    ],
    [
      /^POST \/api\/v2\/monitoring\/metricspec$/,
      (_, body: { readonly config: object }) => {
        const metric = { id: `u-${nextId++}`, ...body, config: { ...body.config, servable: null } }
        state.metrics.push(metric)
        return metric
      },
    ],
    [
      /^GET \/api\/v1\/runtime$/,
      () => [
        {
          id: 7,
          name: 'acme/echo',
          version: '1.0',
          suitableModelType: ['python:3.6'],
          tags: ['demo'],
          configParams: {},
        },
      ],
    ],
    [
      /^POST \/gateway\/(?:application|servable)\/missing$/,
      () => {
        throw new Refusal(404, 'gateway', "Can't find application with the name missing")
      },
    ],
  ]

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url!
    if (url === '/api/v2/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(':\n\n')
      streams.add(response)
      response.on('close', () => streams.delete(response))
      return
    }
    state.asked.push(`${request.method} ${url}`)
    if (state.isUploadRefused && url === '/api/v2/model/upload') {
      response.writeHead(400, { connection: 'close' })
      response.end('{"message":"Model name contains invalid characters","error":"InvalidRequest"}')
      return
    }
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>))
    const [, logOf] = /^\/api\/v2\/model\/version\/(\d+)\/logs$/.exec(url) ?? []
    if (logOf !== undefined) return buildLog(response, Number(logOf))
    const [, servable, follow] = /^\/api\/v2\/servable\/([^/]+)\/logs\?follow=(\w+)$/.exec(url) ?? []
    if (servable !== undefined) {
      named(servables, servable, 'Servable')
      response
        .writeHead(200, { 'content-type': 'text/event-stream' })
        .write('data: started\n\ndata: ready\n\n')
      if (follow === 'false') response.end()
      return
    }
    if (url === '/api/v2/model/upload')
      return json(response, upload(body, request.headers['content-type'] ?? ''))
    if (url.startsWith('/monitoring/')) {
      if (!state.hasMonitoring) throw new Refusal(501, 'NotSupported', 'Training data is not supported')
      if (request.method === 'GET') return json(response, state.trainingStatus)
      state.trainingData.push(`${url} ${body.toString()}`)
      return json(response, 'ok')
    }
    const line = `${request.method} ${url}`
    for (const [route, handle] of routes) {
      const match = route.exec(line)
      if (match === null) continue
      const value: unknown = body.length === 0 ? undefined : JSON.parse(body.toString())
      return json(response, handle(match.slice(1).map(decodeURIComponent), value as never))
    }
    if (url.startsWith('/gateway/')) return void response.end(body)
    response.writeHead(404).end('The requested resource could not be found.')
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (!(error instanceof Refusal)) throw error
      const { message, word } = error
      const refusal =
        word === 'gateway' ? { error: 'NotFound', information: message } : { message, error: word }
      json(response, refusal, error.status)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return Object.assign(state, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
}

function named<T>(map: ReadonlyMap<string, T>, name: string, what: string): T {
  const value = map.get(name)
  if (value === undefined) throw notFound(`${what} ${name} is not found`)
  return value
}

function removed<T>(map: Map<string, T>, name: string, what: string): T {
  const value = named(map, name, what)
  map.delete(name)
  return value
}

function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

function readParts(body: Buffer, type: string): { metadata: Record<string, unknown>; payload: Buffer } {
  const boundary = /boundary=(\S+)/.exec(type)?.[1] ?? ''
  const found = new Map<string, Buffer>()
  let at = body.indexOf(`--${boundary}`)
  for (;;) {
    const start = at + boundary.length + 4
    const end = body.indexOf(`\r\n--${boundary}`, start)
    if (end === -1) break
    const part = body.subarray(start, end)
    const head = part.indexOf('\r\n\r\n')
    const heading = part.subarray(0, head).toString()
    const name = /name="(\w+)"/.exec(heading)?.[1]
    if (name === 'payload' && !heading.includes('filename='))
      throw invalid("Couldn't find a payload in request")
    if (name !== undefined) found.set(name, part.subarray(head + 4))
    at = end + 2
  }
  const [metadata, payload] = [found.get('metadata'), found.get('payload')]
  if (metadata === undefined) throw invalid("Couldn't find a metadata in request")
  if (payload === undefined) throw invalid("Couldn't find a payload in request")
  return { metadata: JSON.parse(metadata.toString()) as Record<string, unknown>, payload }
}
