import { ServingError } from '@millrace/sdk'
import { serverSettingsJsonSchema } from '../../../base/index.ts'
import type { DataPlane } from '../../../dataplane/index.ts'
import { modelSettingsJsonSchema } from '../../../repository/index.ts'
import type { HttpHandler, HttpRequest, HttpResponse, HttpRoute } from '../../../transport/index.ts'
import { createDocsAssets } from './docs-assets.ts'
import { CONTENT_SECURITY_POLICY, docsPage } from './docs-page.ts'
import { modelDocument, serverDocument } from './openapi-document.ts'
import { MODEL_PATH, VERSION_PATH } from './operations.ts'

/**
 * Pages and OpenAPI documents about the server and each of its models, and the JSON Schemas of settings files.
 * @param rootPath where a proxy offers the server, for links; '' for none
 * @param hasMesh whether the routes of a mesh are there to be described
 */
export function docsRoutes(dataPlane: DataPlane, rootPath: string, hasMesh: boolean): readonly HttpRoute[] {
  const assetsUrl = `${rootPath}/v2/docs/assets`
  const title = () => `${dataPlane.serverMetadata().name} API Docs`
  const metadataOf = (http: HttpRequest) =>
    dataPlane.modelMetadata(http.params['model']!, http.params['version'], http.signal)

  const modelPage: HttpHandler = async http => {
    const { name } = await metadataOf(http)
    const version = http.params['version']
    const path = `/v2/models/${encodeURIComponent(name)}${version === undefined ? '' : `/versions/${encodeURIComponent(version)}`}`
    const heading = `${title()} - ${name}${version === undefined ? '' : ` (${version})`}`
    return page(docsPage(heading, `${rootPath}${path}/docs/dataplane.json`, assetsUrl))
  }
  return [
    get('/v2/docs', () => page(docsPage(title(), `${rootPath}/v2/docs/dataplane.json`, assetsUrl))),
    get('/v2/docs/dataplane.json', () => json(serverDocument(dataPlane.serverMetadata(), rootPath, hasMesh))),
    get('/v2/docs/assets/:file', createDocsAssets()),
    get('/v2/docs/schemas/:file', http => {
      const schema = SETTINGS_SCHEMAS.get(http.params['file']!)
      if (schema !== undefined) return json(schema(), 'application/schema+json')
      const files = [...SETTINGS_SCHEMAS.keys()].join(', ')
      throw new ServingError('NOT_FOUND', `there is no such schema; there are ${files}`)
    }),
    ...[MODEL_PATH, VERSION_PATH].flatMap(path => [
      get(`${path}/docs`, modelPage),
      get(`${path}/docs/dataplane.json`, async http =>
        json(
          modelDocument(await metadataOf(http), http.params['version'], dataPlane.serverMetadata(), rootPath),
        ),
      ),
    ]),
  ]
}

const SETTINGS_SCHEMAS: ReadonlyMap<string, () => object> = new Map([
  ['model-settings.json', modelSettingsJsonSchema],
  ['server-settings.json', serverSettingsJsonSchema],
])

function get(path: string, handle: HttpHandler): HttpRoute {
  return { method: 'GET', path, handle }
}

function page(html: string): HttpResponse {
  return {
    status: 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'cache-control': 'no-cache',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
    body: Buffer.from(html),
  }
}

function json(value: object, mediaType = 'application/json'): HttpResponse {
  return { status: 200, headers: { 'content-type': mediaType }, body: Buffer.from(JSON.stringify(value)) }
}
