import { GROUP_LIMITS } from '@millrace/sdk/protocol'
import { badRequest } from '../gateway-failure.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** What a JSON body may be made of. Tensors are arrays; objects are nested fields, and what is ignored. */
export const JSON_LIMITS = { depth: 100, arrays: 4_000_000, objects: GROUP_LIMITS.objects } as const

/**
 * Counts what a JSON text is made of, before memory is taken for it: an empty object takes two bytes here, and fifty there.
 * Text that is not JSON is let through, or refused all the same.
 * @throws GatewayFailure INVALID_ARGUMENT beyond {@link JSON_LIMITS}
 */
export function checkStructure(bytes: Uint8Array): void {
  let depth = 0
  let arrays = 0
  let objects = 0
  let isInString = false
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index]!
    if (isInString) {
      if (byte === BACKSLASH) index++
      else if (byte === QUOTE) isInString = false
    } else if (byte === QUOTE) isInString = true
    else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) {
      if (byte === OPEN_BRACKET) arrays++
      else objects++
      if (++depth > JSON_LIMITS.depth) throw beyond('levels of arrays and objects', JSON_LIMITS.depth)
      if (arrays > JSON_LIMITS.arrays) throw beyond('arrays', JSON_LIMITS.arrays)
      if (objects > JSON_LIMITS.objects) throw beyond('objects', JSON_LIMITS.objects)
    } else if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) depth--
  }
}

function beyond(what: string, limit: number) {
  return badRequest(`the body has more than ${limit} ${what}`)
}
