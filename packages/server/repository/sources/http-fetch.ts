import { ServingError } from '@millrace/sdk'
import { shownUri } from './remote-uri.ts'

const REDIRECTS_MAX = 5
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

export interface FetchOptions {
  readonly method?: 'GET' | 'HEAD'
  readonly headers?: Readonly<Record<string, string>>
  /** Headers that no other origin gets to see. */
  readonly ownHeaders?: Readonly<Record<string, string>> | undefined
  readonly signal: AbortSignal
}

/**
 * `fetch` for places that are not ours: a few redirects, none from https to http, credentials only to the
 * origin they are meant for. The answer may have any status; its body is the caller's to read or cancel.
 * @throws ServingError UNAVAILABLE if there is no answer, FAILED_PRECONDITION for a redirect that is not followed
 */
export async function fetchFollowing(url: URL, options: FetchOptions): Promise<Response> {
  const { method = 'GET', signal } = options
  let headers = withUserinfo(url, {
    ...options.ownHeaders,
    'accept-encoding': 'identity',
    ...options.headers,
  })
  let target = withoutUserinfo(url)
  for (let redirects = 0; ; redirects++) {
    const response = await answerOf(target, { method, headers, signal, redirect: 'manual' })
    if (!REDIRECTS.has(response.status)) return response
    await response.body?.cancel()
    if (redirects === REDIRECTS_MAX) {
      throw refused(url, `redirects more than ${REDIRECTS_MAX} times`)
    }
    const next = redirectTarget(url, target, response)
    if (next.origin !== target.origin) {
      const { authorization: _, ...others }: Readonly<Record<string, string>> = {
        'accept-encoding': 'identity',
        ...options.headers,
      }
      headers = others
    }
    target = next
  }
}

/** The error for an answer that is none of those a caller can use. */
export function refusalOf(response: Response, uri: string): ServingError {
  const { status, statusText } = response
  const message = `${shownUri(uri)} answered ${`${status} ${statusText}`.trim()}`
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
    return new ServingError(
      'UNAVAILABLE',
      message,
      Number.isFinite(seconds) ? { retryAfterMs: seconds * 1000 } : {},
    )
  }
  return new ServingError('FAILED_PRECONDITION', message)
}

/** The chunks of a body, with every failure of the connection as UNAVAILABLE. */
export async function* chunksOf(response: Response, uri: string): AsyncGenerator<Uint8Array> {
  if (response.body === null) return
  try {
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) yield chunk
  } catch (cause) {
    throw connectionError(uri, cause)
  }
}

/**
 * A whole body of at most `maxBytes`.
 * @throws ServingError RESOURCE_EXHAUSTED beyond that
 */
export async function readBody(response: Response, uri: string, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of chunksOf(response, uri)) {
    sizeBytes += chunk.byteLength
    if (sizeBytes > maxBytes) {
      throw new ServingError(
        'RESOURCE_EXHAUSTED',
        `${shownUri(uri)} answered with more than ${maxBytes} bytes`,
      )
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

async function answerOf(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (cause) {
    throw connectionError(url.href, cause)
  }
}

function connectionError(uri: string, error: unknown): unknown {
  // An abort passes through as what it is; `retrying` looks at the signal first.
  if (ServingError.is(error)) return error
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = cause instanceof Error && 'code' in cause ? `${String(cause.code)}: ` : ''
  const text = cause instanceof Error ? cause.message : String(cause)
  return new ServingError('UNAVAILABLE', `${shownUri(uri)} cannot be read: ${code}${text}`, { cause: error })
}

function redirectTarget(url: URL, from: URL, response: Response): URL {
  const location = response.headers.get('location') ?? ''
  const next = URL.parse(location, from.href)
  if (location === '' || next === null) {
    throw refused(url, `answers ${response.status} and does not say where to go`)
  }
  if (next.protocol !== 'https:' && next.protocol !== 'http:') {
    throw refused(url, `redirects to ${next.protocol}, which is not followed`)
  }
  if (from.protocol === 'https:' && next.protocol === 'http:') {
    throw refused(url, `redirects from https to ${shownUri(next.href)}, which is not followed`)
  }
  return withoutUserinfo(next)
}

function refused(url: URL, problem: string): ServingError {
  return new ServingError('FAILED_PRECONDITION', `${shownUri(url.href)} ${problem}`)
}

/** `fetch` refuses URLs with a user; they are meant as basic credentials. */
function withUserinfo(url: URL, headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (url.username === '' && url.password === '') return headers
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  return { ...headers, authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}

function withoutUserinfo(url: URL): URL {
  const bare = new URL(url)
  bare.username = ''
  bare.password = ''
  return bare
}
