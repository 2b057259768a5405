import { badRequest } from '../gateway-failure.ts'
import { checkStructure } from './check-structure.ts'

/** A body's members by name. Integers of 16 digits and more are bigint where they were asked for exactly. */
export type JsonMembers = Readonly<Record<string, unknown>>

/** Fewer digits are exact as they are. */
const LONG_INTEGER = /\d{16}/
/** Nothing in so few bytes takes much memory, or time. */
const SMALL_BYTES = 16 * 1024
const INTEGER = /^-?\d{1,20}$/
const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads a body, which must be one JSON object.
 * @param isExact whether integers beyond 2^53 must keep their digits, which takes longer where there are any
 * @throws GatewayFailure INVALID_ARGUMENT for what is no JSON object, or made of too much
 */
export function readJsonObject(bytes: Uint8Array, isExact: boolean): JsonMembers {
  if (bytes.length > SMALL_BYTES) checkStructure(bytes)
  const value = parse(bytes, isExact)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonMembers
  const found = Array.isArray(value) ? 'an array' : value === null ? 'null' : `a ${typeof value}`
  throw badRequest(`the body is ${found}; expected a JSON object with a member for each input`)
}

function parse(bytes: Uint8Array, isExact: boolean): unknown {
  try {
    const text = decoder.decode(bytes)
    return isExact && LONG_INTEGER.test(text) ? JSON.parse(text, keepDigits as Reviver) : JSON.parse(text)
  } catch (error) {
    throw badRequest(`the body is not JSON: ${reasonOf(error)}`, { cause: error })
  }
}

function reasonOf(error: unknown): string {
  return error instanceof TypeError ? 'its bytes are not UTF-8' : (error as Error).message
}

type Reviver = (this: unknown, key: string, value: unknown) => unknown

/** The third argument is how the value was written; it is there for plain values. */
function keepDigits(_key: string, value: unknown, context: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  const { source } = context
  return source !== undefined && INTEGER.test(source) ? BigInt(source) : value
}
