import { ServingError } from '@millrace/sdk'
import type { DataPlane } from '../../dataplane/index.ts'
import type { ModelRegistry } from '../../lifecycle/index.ts'
import type { HttpHandler, HttpRequest, HttpResponse, HttpRoute } from '../../transport/index.ts'
import { docsRoutes } from './docs/docs-routes.ts'
import { MODEL_PATH, NOT_OFFERED, VERSION_PATH } from './docs/operations.ts'
import { configView, metadataView, statisticsView } from './json-views.ts'
import { generateHandler, generateStreamHandler } from './rest-generate.ts'
import { inferHandler, inferStreamHandler } from './rest-inference.ts'
import { repositoryRoutes } from './rest-repository.ts'

/**
 * Every REST route of the Open Inference Protocol and its extensions, with their documentation.
 * @param rootPath where a proxy offers the server, for links; '' for none
 * @param hasMesh whether there are routes of a mesh beside them, which the documentation describes
 */
export function openInferenceRoutes(
  dataPlane: DataPlane,
  registry: ModelRegistry,
  rootPath: string,
  hasMesh = false,
): readonly HttpRoute[] {
  const infer = inferHandler(dataPlane)
  const inferStream = inferStreamHandler(dataPlane)
  const generate = generateHandler(dataPlane, infer)
  const generateStream = generateStreamHandler(dataPlane, inferStream)
  const { name, version } = MODEL
  const metadataOf = (http: HttpRequest) => dataPlane.modelMetadata(name(http), version(http), http.signal)
  return [
    probe('/v2/health/live', () => true),
    probe('/v2/health/ready', () => dataPlane.isReady()),
    get('/v2', () => json(dataPlane.serverMetadata())),
    get('/v2/models', () => json({ models: modelNames(registry) })),
    get('/v2/models/stats', () => statistics(dataPlane, undefined, undefined)),
    ...[MODEL_PATH, VERSION_PATH].flatMap(path => [
      get(path, async http => json(metadataView(await metadataOf(http)))),
      probe(`${path}/ready`, http => dataPlane.isModelReady(name(http), version(http))),
      get(`${path}/config`, async http => json(configView(await metadataOf(http)))),
      get(`${path}/stats`, http => statistics(dataPlane, name(http), version(http))),
      post(`${path}/infer`, infer),
      post(`${path}/generate`, generate),
      post(`${path}/infer_stream`, inferStream),
      post(`${path}/generate_stream`, generateStream),
    ]),
    ...repositoryRoutes(registry),
    ...docsRoutes(dataPlane, rootPath, hasMesh),
    ...NOT_OFFERED.map(({ path, extension }) => get(path, () => unsupported(extension))),
    ...NOT_OFFERED.map(({ path, extension }) => post(path, () => unsupported(extension))),
  ]
}

const MODEL = {
  name: (http: HttpRequest): string => http.params['model']!,
  version: (http: HttpRequest): string | undefined => http.params['version'],
}

function unsupported(extension: string): never {
  throw new ServingError('UNIMPLEMENTED', `this server does not offer the ${extension} extension`)
}

function modelNames(registry: ModelRegistry): readonly string[] {
  return [...new Set(registry.loaded(undefined, undefined).map(entry => entry.name))].toSorted()
}

function statistics(
  dataPlane: DataPlane,
  name: string | undefined,
  version: string | undefined,
): HttpResponse {
  return json({ model_stats: dataPlane.statistics(name, version).map(statisticsView) })
}

function get(path: string, handle: HttpHandler): HttpRoute {
  return { method: 'GET', path, handle }
}

function post(path: string, handle: HttpHandler): HttpRoute {
  return { method: 'POST', path, handle }
}

/** Health checks: clients and probes look at the status alone, so there is no body. */
function probe(path: string, isGood: (http: HttpRequest) => boolean): HttpRoute {
  const handle = (http: HttpRequest) => ({ status: isGood(http) ? 200 : 503 })
  return { method: 'GET', path, handle, isExemptFromLimits: true }
}

function json(value: object): HttpResponse {
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(value)),
  }
}
