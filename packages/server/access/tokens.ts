import { hash } from 'node:crypto'
import { ServingError } from '@millrace/sdk'
import { errors, type JWTPayload, jwtVerify } from 'jose'
import { LRUCache } from 'lru-cache'
import type { JwtSettings, ServerLogger } from '../base/index.ts'
import type { Caller } from './caller.ts'
import { openKeySet } from './key-set.ts'
import { refusals } from './refusals.ts'
import { SCOPES, type Scope } from './scope.ts'

/** Verifies JSON Web Tokens of one issuer. */
export interface Tokens {
  /**
   * Whose token it is, at once for one that was verified a moment ago. It rejects with ServingError UNAUTHENTICATED for
   * one that is not accepted, and UNAVAILABLE when the issuer's keys cannot be had.
   */
  verify(token: string): Caller | Promise<Caller>
  close(): void
}

/** Without an end a token could not be taken back; without a subject nobody could be told from anybody else. */
const REQUIRED_CLAIMS = ['exp', 'sub']
/** Longer subjects go by their digest, so that what is kept of callers stays small. */
const MAX_SUBJECT_LENGTH = 128
/** A signature takes longer to verify than many a model to answer, and callers send the same token again and again. */
const REMEMBERED_MS = 60_000
const MAX_REMEMBERED = 10_000

interface Verified {
  readonly caller: Caller
  readonly generation: number
  /** On the clock of `now`. */
  readonly untilMs: number
}

/**
 * @param now milliseconds since the epoch
 * @throws ServingError INVALID_ARGUMENT for a key set that cannot be used
 */
export async function openTokens(
  settings: JwtSettings,
  log: ServerLogger,
  now: () => number = Date.now,
): Promise<Tokens> {
  const { issuer, audience, scopeClaim } = settings
  const keys = await openKeySet(settings, log)
  const options = {
    issuer,
    audience,
    algorithms: [...settings.algorithms],
    clockTolerance: settings.clockToleranceSeconds,
    requiredClaims: REQUIRED_CLAIMS,
  }
  const remembered = new LRUCache<string, Verified>({ max: MAX_REMEMBERED })
  const verifyAnew = async (token: string, digest: string): Promise<Caller> => {
    const { generation } = keys
    try {
      const currentDate = new Date(now())
      const { payload } = await jwtVerify(token, keys.find, { ...options, currentDate })
      const caller = { name: `token ${shorten(payload.sub ?? '')}`, scopes: scopesIn(payload, scopeClaim) }
      const endMs = ((payload.exp ?? 0) + settings.clockToleranceSeconds) * 1000
      remembered.set(digest, { caller, generation, untilMs: Math.min(endMs, now() + REMEMBERED_MS) })
      return caller
    } catch (error) {
      if (ServingError.is(error)) throw error
      throw refusals.tokenInvalid(reasonOf(error))
    }
  }
  return {
    verify(token) {
      const digest = hash('sha256', token)
      const known = remembered.get(digest)
      if (known !== undefined && known.generation === keys.generation && now() < known.untilMs) {
        return known.caller
      }
      return verifyAnew(token, digest)
    },
    close: () => keys.close(),
  }
}

function scopesIn(payload: JWTPayload, claim: string): ReadonlySet<Scope> {
  const value = Object.hasOwn(payload, claim) ? payload[claim] : undefined
  const words: readonly unknown[] =
    typeof value === 'string' ? value.split(/\s+/) : Array.isArray(value) ? value : []
  return new Set(SCOPES.filter(scope => words.includes(scope)))
}

function shorten(subject: string): string {
  return subject.length <= MAX_SUBJECT_LENGTH ? subject : hash('sha256', subject)
}

/** What an honest client needs to know, and nothing of what the token says. */
function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'it has expired'
  if (error instanceof errors.JWTClaimValidationFailed) {
    return `its claim '${error.claim}' is ${error.reason === 'missing' ? 'missing' : 'not the one allowed here'}`
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return 'its algorithm is not allowed here'
  if (error instanceof errors.JWKSNoMatchingKey) return "its key is not in the issuer's key set"
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong'
  return 'it is malformed'
}
