import type { IncomingHttpHeaders } from 'node:http'
import { ServingError } from '@millrace/sdk'
import type { CorsSettings } from '../../base/index.ts'
import type { HttpResponse } from './http-types.ts'

type Headers = Readonly<{ [name: string]: string }>

/** Which web pages of other origins may use a listener: the CORS protocol of https://fetch.spec.whatwg.org. */
export interface Cors {
  /** What every response to a request from `origin` carries, errors and streams too. */
  headersFor(origin: string | undefined): Headers
  /**
   * The answer to a browser that asks before it sends the page's request.
   * @throws ServingError INVALID_ARGUMENT when the page may not send it
   */
  preflight(headers: IncomingHttpHeaders): HttpResponse
}

/** Headers that pages may always set, so that JSON can be posted without a setting. */
const SAFE_HEADERS = ['accept', 'accept-language', 'content-language', 'content-type']
const METHODS = 'GET, HEAD, POST'
/** A longer one is nobody's, and would only make the pattern work. */
const MAX_ORIGIN_LENGTH = 512
const VARY_BY_ORIGIN: Headers = { vary: 'Origin' }

export function createCors(settings: CorsSettings): Cors {
  const { allowedOriginPattern, allowsCredentials, exposedHeaders } = settings
  const origins = new Set(settings.allowedOrigins)
  const allowsAllOrigins = origins.has('*')
  const allowsAllMethods = settings.allowedMethods.includes('*')
  const methods = new Set(settings.allowedMethods.map(method => method.toUpperCase()))
  // A page that may GET may ask whether there is something to get.
  if (methods.has('GET')) methods.add('HEAD')
  const allowsAllHeaders = settings.allowedHeaders.includes('*')
  const requestHeaders = new Set([
    ...SAFE_HEADERS,
    ...settings.allowedHeaders.filter(name => name !== '*').map(name => name.toLowerCase()),
  ])

  const common: Record<string, string> = {}
  if (allowsCredentials) common['access-control-allow-credentials'] = 'true'
  if (exposedHeaders.length > 0) common['access-control-expose-headers'] = exposedHeaders.join(', ')
  // Browsers refuse the star beside credentials, so those are told their own origin.
  const forAll = { ...common, 'access-control-allow-origin': '*' }
  const isSameForAll = allowsAllOrigins && !allowsCredentials

  const isAllowed = (origin: string) =>
    allowsAllOrigins ||
    origins.has(origin) ||
    (origin.length <= MAX_ORIGIN_LENGTH && allowedOriginPattern?.test(origin) === true)
  const headersFor = (origin: string | undefined): Headers => {
    if (isSameForAll) return origin === undefined ? {} : forAll
    if (origin === undefined || !isAllowed(origin)) return VARY_BY_ORIGIN
    return { ...common, 'access-control-allow-origin': origin, ...VARY_BY_ORIGIN }
  }

  return {
    headersFor,
    preflight(headers) {
      const origin = headers.origin ?? ''
      const method = headers['access-control-request-method'] ?? ''
      const names = splitNames(headers['access-control-request-headers'])
      if (!isAllowed(origin)) {
        throw refusal(`pages of origin ${shown(origin)} may not call this server`)
      }
      if (!allowsAllMethods && !methods.has(method)) {
        throw refusal(`pages may not use method ${shown(method)}; allowed: ${[...methods].join(', ')}`)
      }
      const other = allowsAllHeaders ? undefined : names.find(name => !requestHeaders.has(name))
      if (other !== undefined) {
        throw refusal(`pages may not set header ${shown(other)}; allowed: ${[...requestHeaders].join(', ')}`)
      }
      return {
        status: 200,
        headers: {
          'access-control-allow-methods': allowsAllMethods ? METHODS : [...methods].join(', '),
          // By name, since the star would not cover `authorization`.
          'access-control-allow-headers': (allowsAllHeaders ? names : [...requestHeaders]).join(', '),
          'access-control-max-age': String(settings.maxAgeSeconds),
          ...(allowsAllHeaders ? { vary: 'Access-Control-Request-Headers' } : {}),
        },
      }
    },
  }
}

/** True for the question before a page's request; other uses of OPTIONS are none of CORS' business. */
export function isPreflight(method: string, headers: IncomingHttpHeaders): boolean {
  return (
    method === 'OPTIONS' &&
    headers.origin !== undefined &&
    headers['access-control-request-method'] !== undefined
  )
}

/** `headers` with those of CORS, and all that the response varies by. */
export function withCorsHeaders(headers: Headers | undefined, cors: Headers): Headers {
  const joined: Record<string, string> = { ...headers, ...cors }
  for (const name in headers) {
    if (name.toLowerCase() !== 'vary') continue
    delete joined[name]
    joined['vary'] = cors['vary'] === undefined ? headers[name]! : `${headers[name]!}, ${cors['vary']}`
  }
  return joined
}

function splitNames(list: string | undefined): readonly string[] {
  if (list === undefined) return []
  return list
    .split(',')
    .map(name => name.trim().toLowerCase())
    .filter(name => name !== '')
}

/** 400, as MLServer answers; the page's browser shows it to the page's author. */
function refusal(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 200))
}
