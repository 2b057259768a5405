import { ServingError } from '@millrace/sdk'
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  errors,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
} from 'jose'
import { type JwtSettings, parseJsonObject, type ServerLogger } from '../base/index.ts'
import { refusals } from './refusals.ts'
import { watchFiles } from './watched-files.ts'

/** Where the public keys come from that tokens are verified with. */
export interface KeySet {
  readonly find: JWTVerifyGetKey
  /** Counts the sets that there have been: what was verified with an earlier one has to be again. */
  readonly generation: number
  close(): void
}

const FETCH_TIMEOUT_MS = 5000
const FETCHED_MAX_BYTES = 1024 * 1024
/** How long fetched keys are used before they are fetched anew. */
const FETCHED_MAX_AGE_MS = 10 * 60_000
/** Tokens that name an unknown key lead to a fetch, but not more often than this. */
const UNKNOWN_KEY_COOLDOWN_MS = 30_000
/** After a fetch that failed, tokens are turned away for this long without another. */
const FAILURE_COOLDOWN_MS = 5000

/**
 * The key set of a file, read again when it changes, or of an address, fetched when it is first needed.
 * @throws ServingError INVALID_ARGUMENT for a file that cannot be used
 */
export async function openKeySet(settings: JwtSettings, log: ServerLogger): Promise<KeySet> {
  const { field, jwksFile, jwksUrl } = settings
  if (jwksUrl !== undefined) return fetchedKeySet(jwksUrl, log)
  const path = jwksFile ?? ''
  const file = await watchFiles({
    files: [{ field: `${field}.jwks_file`, path }],
    subject: 'key set',
    log,
    parse: ([text = '']) => parseKeySet(text, `${field}.jwks_file: ${path}`),
  })
  let generation = 0
  file.onChange(() => (generation += 1))
  return {
    find: (header, token) => file.current(header, token),
    get generation() {
      return generation
    },
    close: () => file.close(),
  }
}

/** @param origin opens the message of errors */
function parseKeySet(text: string, origin: string): ReturnType<typeof createLocalJWKSet> {
  const value = parseJsonObject(text, origin)
  const refuse = (problem: string, cause?: unknown) =>
    new ServingError(
      'INVALID_ARGUMENT',
      `${origin} ${problem}; allowed is a JSON Web Key Set with public keys: {"keys": [{"kty", …}]}`,
      { cause },
    )
  const keys: unknown = value['keys']
  if (!Array.isArray(keys) || keys.length === 0) throw refuse('has no keys')
  if (keys.some(isSecret)) throw refuse('holds a secret key, which only the issuer may have')
  try {
    // The shape is checked by what it is given to.
    return createLocalJWKSet(value as unknown as JSONWebKeySet)
  } catch (cause) {
    throw refuse('is no key set', cause)
  }
}

function isSecret(key: unknown): boolean {
  return typeof key === 'object' && key !== null && ('d' in key || 'k' in key)
}

function fetchedKeySet(url: string, log: ServerLogger): KeySet {
  const remote = createRemoteJWKSet(new URL(url), {
    timeoutDuration: FETCH_TIMEOUT_MS,
    cooldownDuration: UNKNOWN_KEY_COOLDOWN_MS,
    cacheMaxAge: FETCHED_MAX_AGE_MS,
    [customFetch]: fetchBounded,
  })
  let failedAtMs = Number.NEGATIVE_INFINITY
  let failure: unknown
  return {
    async find(header, token) {
      const waitedMs = performance.now() - failedAtMs
      if (waitedMs < FAILURE_COOLDOWN_MS) {
        throw refusals.keySetUnavailable(failure, FAILURE_COOLDOWN_MS - waitedMs)
      }
      try {
        return await remote(header, token)
      } catch (error) {
        if (isTokensFault(error)) throw error
        // Requests that waited for the same fetch all come here.
        if (failure !== error || performance.now() - failedAtMs >= FAILURE_COOLDOWN_MS) {
          log.error(`the key set ${url} cannot be fetched: tokens cannot be verified`, { error })
        }
        failure = error
        failedAtMs = performance.now()
        throw refusals.keySetUnavailable(error, FAILURE_COOLDOWN_MS)
      }
    },
    // Keys that are withdrawn in a fetched set are so when it is fetched anew, which nobody is told.
    generation: 0,
    close() {},
  }
}

/** The set is there, and the token's key is not in it, or more than one could be meant. */
function isTokensFault(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  )
}

/** An issuer's answer, which must not be larger than any key set is. */
async function fetchBounded(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init)
  if (response.status !== 200 || response.body === null) {
    await response.body?.cancel()
    return new Response(null, { status: response.ok ? 502 : Math.max(response.status, 200) })
  }
  const pieces: Uint8Array[] = []
  let sizeBytes = 0
  // What its types leave open: bytes.
  const body: AsyncIterable<Uint8Array> = response.body
  for await (const piece of body) {
    sizeBytes += piece.byteLength
    if (sizeBytes > FETCHED_MAX_BYTES) {
      throw new Error(`the key set is larger than ${FETCHED_MAX_BYTES} bytes`)
    }
    pieces.push(piece)
  }
  return new Response(Buffer.concat(pieces), { status: 200 })
}
