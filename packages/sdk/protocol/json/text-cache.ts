const MAX_LENGTH = 32
const SLOTS = 2048

const texts: (string | undefined)[] = Array.from({ length: SLOTS })

/**
 * The text of a short run of ASCII bytes. Requests repeat a few names over and over, and finding a
 * string again costs a fraction of making it from bytes; the table holds at most 2048 short strings,
 * and names that meet in a slot merely displace each other.
 * @returns undefined when the text is too long for the table or is not ASCII
 */
export function cachedText(bytes: Uint8Array, start: number, end: number): string | undefined {
  const length = end - start
  if (length > MAX_LENGTH) return undefined
  let hash = length
  let union = 0
  for (let index = start; index < end; index++) {
    const byte = bytes[index]!
    hash = (Math.imul(hash, 31) + byte) | 0
    union |= byte
  }
  if (union >= 0x80) return undefined
  const slot = (hash ^ (hash >>> 11)) & (SLOTS - 1)
  const known = texts[slot]
  if (known !== undefined && isSame(known, bytes, start, length)) return known
  const text = String.fromCharCode(...bytes.subarray(start, end))
  texts[slot] = text
  return text
}

function isSame(text: string, bytes: Uint8Array, start: number, length: number): boolean {
  if (text.length !== length) return false
  for (let index = 0; index < length; index++) {
    if (text.charCodeAt(index) !== bytes[start + index]) return false
  }
  return true
}
