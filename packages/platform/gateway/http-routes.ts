import type { HydrosphereValue } from '@millrace/sdk/protocol'
import type { GatewayCall } from './gateway-call.ts'
import { GatewayFailure } from './gateway-failure.ts'
import {
  type GatewayHttpRequest,
  type GatewayHttpResponse,
  type GatewayRoute,
  jsonBytes,
  jsonResponse,
} from './http-exchange.ts'
import { toFailureResponse } from './http-failure.ts'
import { writeJsonOutputs } from './json/json-outputs.ts'
import { noApplication, noServable } from './not-found.ts'
import type { Predictor } from './predictor.ts'
import type { RoutedTarget, Routing } from './routing.ts'
import { listApplications, listServables } from './table-listing.ts'

interface HttpRouteOptions {
  readonly routing: Routing
  readonly predictor: Predictor
  readonly maxJsonBytes: number
  /** What `GET /gateway/buildinfo` answers. */
  readonly buildInfo: Readonly<Record<string, string>>
}

type Predict<T> = (
  target: T,
  inputs: readonly HydrosphereValue[],
  call: GatewayCall,
) => Promise<readonly HydrosphereValue[]>

/** The gateway over HTTP and JSON. What comes behind an application's or a servable's name is ignored. */
export function gatewayRoutes(options: HttpRouteOptions): readonly GatewayRoute[] {
  const { routing, predictor, maxJsonBytes, buildInfo } = options
  const answer =
    <T>(find: (request: GatewayHttpRequest) => RoutedTarget<T>, predict: Predict<T>) =>
    async (request: GatewayHttpRequest): Promise<GatewayHttpResponse> => {
      try {
        find(request)
        if (!isJson(request.headers['content-type'])) return notJson(request.headers['content-type'])
        const body = await readBody(request, maxJsonBytes)
        // The table may have changed while the body came.
        const { target, readJson } = find(request)
        const inputs = readJson(body)
        return jsonBytes(200, writeJsonOutputs(await predict(target, inputs, request)))
      } catch (error) {
        const response = toFailureResponse(error)
        if (response === undefined) throw error
        return response
      }
    }

  const serveApplication = answer(({ params }) => {
    const name = params['name']!
    return routing.applications.get(name) ?? noApplication(name)
  }, predictor.application)
  const serveApplicationById = answer(({ params }) => {
    const id = params['id']!
    const found = /^\d{1,15}$/.test(id) ? routing.applicationById(Number(id)) : undefined
    return found ?? noApplication(id, 'id')
  }, predictor.application)
  const serveServable = answer(
    ({ params }) => {
      const name = params['name']!
      return routing.servables.get(name) ?? noServable(name)
    },
    (target, inputs, call) => predictor.servable(target, inputs, call, true),
  )

  return [
    { method: 'GET', path: '/health', isExemptFromLimits: true, handle: healthy },
    {
      method: 'GET',
      path: '/gateway/application',
      handle: () => jsonResponse(200, listApplications(routing)),
    },
    { method: 'GET', path: '/gateway/servable', handle: () => jsonResponse(200, listServables(routing)) },
    { method: 'GET', path: '/gateway/buildinfo', handle: () => jsonResponse(200, buildInfo) },
    ...withRest('/gateway/application/:name', serveApplication),
    ...withRest('/gateway/servable/:name', serveServable),
    ...withRest('/api/v1/applications/serve/:id', serveApplicationById),
  ]
}

function healthy(): GatewayHttpResponse {
  return { status: 200, headers: { 'content-type': 'text/plain' }, body: Buffer.from('OK') }
}

function withRest(path: string, handle: GatewayRoute['handle']): readonly GatewayRoute[] {
  return [
    { method: 'POST', path, handle },
    { method: 'POST', path: `${path}/*`, handle },
  ]
}

async function readBody(request: GatewayHttpRequest, maxJsonBytes: number): Promise<Uint8Array> {
  const body = await request.body()
  if (body.byteLength <= maxJsonBytes) return body
  throw new GatewayFailure(
    'BadRequest',
    'RESOURCE_EXHAUSTED',
    `the body has ${body.byteLength} bytes; as JSON the gateway takes up to ${maxJsonBytes}, over gRPC more`,
    { httpStatus: 413 },
  )
}

/** Also a body of no stated type: whoever sends one means JSON. */
function isJson(contentType: string | undefined): boolean {
  return contentType === undefined || /^\s*application\/json\s*(?:;|$)/i.test(contentType)
}

function notJson(contentType: string | undefined): GatewayHttpResponse {
  const found =
    contentType === undefined ? '' : `The request's content type is ${contentType.slice(0, 200)}. `
  const body = Buffer.from(`${found}The supported content type is application/json.`)
  return { status: 415, headers: { 'content-type': 'text/plain; charset=utf-8' }, body }
}
