import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { ServingError } from '@millrace/sdk'
import {
  type ApiKeysSettings,
  fileSource,
  type ObjectSchema,
  parseJsonObject,
  type ServerLogger,
  settingsChecker,
} from '../base/index.ts'
import type { Caller } from './caller.ts'
import { SCOPES, type Scope } from './scope.ts'
import { type Watched, watchFiles } from './watched-files.ts'

/** The keys of one file. */
export interface ApiKeys {
  /** Whose key it is, if it is one. The time that it takes tells nothing about the keys that there are. */
  find(key: string): Caller | undefined
}

const MAX_KEYS = 10_000
/** Long enough that nobody guesses it, and what a header may hold. */
const KEY = /^[!-~]{16,4096}$/
const SHA256 = /^[\da-f]{64}$/i
const DEFAULT_SCOPES: readonly Scope[] = ['infer']

// Keys and digests are checked by hand: a message about a wrong value shows the value.
const schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    keys: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name'],
        properties: {
          name: { type: 'string', minLength: 1, maxLength: 256 },
          key: {},
          key_sha256: {},
          scopes: { type: 'array', items: { enum: SCOPES } },
        },
      },
    },
  },
} as const satisfies ObjectSchema
const check = settingsChecker(schema)

interface Entry {
  readonly name: string
  readonly key?: unknown
  readonly key_sha256?: unknown
  readonly scopes?: readonly Scope[]
}

/**
 * The keys of a file, read again when it changes.
 * @throws ServingError INVALID_ARGUMENT naming the file and the entry that is wrong
 */
export function watchApiKeys({ field, file }: ApiKeysSettings, log: ServerLogger): Promise<Watched<ApiKeys>> {
  return watchFiles({
    files: [{ field, path: file }],
    subject: 'list of API keys',
    log,
    parse: ([text = '']) => parseApiKeys(text, `${field}: ${file}`),
  })
}

/** @param origin opens the message of errors */
export function parseApiKeys(text: string, origin: string): ApiKeys {
  const { values, warnings } = check([fileSource(parseJsonObject(text, origin), origin, origin)])
  // A misspelt member may have been meant to take something away.
  if (warnings[0] !== undefined) throw new ServingError('INVALID_ARGUMENT', warnings[0])
  // The schema has checked the members, but for the two that `digestOf` checks.
  const entries = (values['keys'] ?? []) as readonly Entry[]
  if (entries.length === 0 || entries.length > MAX_KEYS) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `${origin}: keys has ${entries.length} entries; allowed are 1 to ${MAX_KEYS}`,
    )
  }

  const secret = randomBytes(32)
  const places = new Map<string, { readonly digest: Buffer; readonly caller: Caller }>()
  const names = new Set<string>()
  for (const [index, entry] of entries.entries()) {
    const digest = digestOf(entry, `${origin}: keys[${index}]`)
    const place = placeOf(digest, secret)
    if (names.has(entry.name) || places.has(place)) {
      const what = names.has(entry.name) ? `name ${JSON.stringify(entry.name)}` : 'key'
      throw new ServingError(
        'INVALID_ARGUMENT',
        `${origin}: keys[${index}] has the ${what} of another entry; each needs its own`,
      )
    }
    names.add(entry.name)
    const caller = { name: `key ${entry.name}`, scopes: new Set(entry.scopes ?? DEFAULT_SCOPES) }
    places.set(place, { digest, caller })
  }

  return {
    find(key) {
      const digest = hash('sha256', key, 'buffer')
      const found = places.get(placeOf(digest, secret))
      return found !== undefined && timingSafeEqual(found.digest, digest) ? found.caller : undefined
    },
  }
}

/**
 * Where an entry lies in the table. Looking something up takes different times, from which somebody who knows the
 * places of guesses could learn; without the secret, drawn anew each time, nobody knows any.
 */
function placeOf(digest: Buffer, secret: Buffer): string {
  return createHmac('sha256', secret).update(digest).digest('base64')
}

function digestOf({ key, key_sha256: digest }: Entry, origin: string): Buffer {
  if ((key === undefined) === (digest === undefined)) {
    throw new ServingError('INVALID_ARGUMENT', `${origin} needs one of key_sha256 and key`)
  }
  if (digest !== undefined) {
    if (typeof digest === 'string' && SHA256.test(digest)) return Buffer.from(digest, 'hex')
    throw new ServingError(
      'INVALID_ARGUMENT',
      `${origin}.key_sha256 is wrong; allowed is a SHA-256 digest in 64 hexadecimal digits`,
    )
  }
  if (typeof key === 'string' && KEY.test(key)) return hash('sha256', key, 'buffer')
  throw new ServingError(
    'INVALID_ARGUMENT',
    `${origin}.key is wrong; allowed is a text of 16 to 4096 ASCII characters without blanks`,
  )
}
