import { hash, timingSafeEqual } from 'node:crypto'
import type { ApiKeys } from './api-keys.ts'
import type { Caller } from './caller.ts'
import { refusals } from './refusals.ts'
import { SCOPES } from './scope.ts'
import type { Tokens } from './tokens.ts'
import type { Watched } from './watched-files.ts'

type Headers = Readonly<{ [name: string]: string }>

/**
 * Who sent these headers. It throws, or rejects with, ServingError UNAUTHENTICATED if they do not say so, or say what
 * is not true.
 */
export type Authenticate = (headers: Headers) => Caller | Promise<Caller>

/** Headers that hold credentials: handlers do not see them. */
export const CREDENTIAL_HEADERS = ['authorization', 'x-api-key'] as const

const OWN_CALLER: Caller = { name: 'the server itself', scopes: new Set(SCOPES) }
const MAX_CREDENTIAL_LENGTH = 8192
const BEARER = /^bearer +([!-~]+)$/i
/** Three parts of base64url (RFC 7519, section 3), which no sensible API key looks like. */
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]*$/

/**
 * At least one of keys and tokens is there. A key in `x-api-key` is looked at before what `authorization` says.
 * @param ownKey what the program that embeds the server sends as `x-api-key`; it may do everything
 */
export function createAuthentication(
  apiKeys: Watched<ApiKeys> | undefined,
  tokens: Tokens | undefined,
  ownKey?: string,
): Authenticate {
  const own = ownKey === undefined ? undefined : hash('sha256', ownKey, 'buffer')
  const allowed = [
    ...(tokens === undefined ? [] : ['a token in "authorization: Bearer …"']),
    ...(apiKeys === undefined ? [] : ['an API key in "authorization: Bearer …" or "x-api-key"']),
  ].join(', ')

  const bearerOf = ({ authorization }: Headers): string => {
    if (authorization === undefined) throw refusals.credentialMissing(allowed)
    const credential = BEARER.exec(authorization)?.[1]
    if (credential === undefined) throw refusals.credentialUnreadable(allowed)
    return credential
  }

  return headers => {
    const { 'x-api-key': given } = headers
    if (own !== undefined && given !== undefined && timingSafeEqual(own, hash('sha256', given, 'buffer'))) {
      return OWN_CALLER
    }
    const key = apiKeys === undefined ? undefined : given
    const credential = key ?? bearerOf(headers)
    if (credential.length > MAX_CREDENTIAL_LENGTH) throw refusals.credentialTooLong(MAX_CREDENTIAL_LENGTH)
    const caller = apiKeys?.current.find(credential)
    if (caller !== undefined) return caller
    if (tokens === undefined || key !== undefined) throw refusals.keyUnknown()
    if (apiKeys !== undefined && !TOKEN.test(credential)) throw refusals.keyUnknown()
    return tokens.verify(credential)
  }
}
