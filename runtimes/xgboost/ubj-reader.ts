/** Containers inside containers; a model of XGBoost has ten levels. */
const MOST_LEVELS = 64

/** What is wrong with bytes that are no Universal Binary JSON, and where. */
export class UbjError extends Error {
  override readonly name = 'UbjError'
}

/** A value of Universal Binary JSON. Lists that are typed in the file are typed arrays, objects have no prototype. */
export type UbjValue = null | boolean | number | string | UbjArray | readonly UbjValue[] | UbjObject
export type UbjArray = Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array
export interface UbjObject {
  readonly [name: string]: UbjValue
}

/** Bytes of one value after its marker; the types that a typed list may have. */
const NUMBER_SIZE: Readonly<Record<string, number>> = { i: 1, U: 1, I: 2, l: 4, L: 8, d: 4, D: 8 }
const INTEGERS = 'iUIlL'
const ALLOWED = 'Z T F N i U I l L d D C S H [ {'

/**
 * Reads one value of Universal Binary JSON (draft 12) that fills the bytes. Every count is held against the bytes that
 * are left before memory is taken, so memory stays in proportion to the bytes; nesting ends at 64 levels.
 * @throws UbjError with the place as an offset in bytes
 */
export function readUbj(bytes: Uint8Array): UbjValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = new TextDecoder('utf-8', { fatal: true })
  let at = 0

  const fail = (what: string, place = at): never => {
    throw new UbjError(`${what} at byte ${place}`)
  }

  function need(count: number): void {
    if (count > bytes.length - at) fail(`${count} bytes are announced, but ${bytes.length - at} are left`)
  }

  function marker(): string {
    for (;;) {
      need(1)
      const found = String.fromCharCode(bytes[at++]!)
      if (found !== 'N') return found
    }
  }

  function number(type: string): number {
    need(NUMBER_SIZE[type]!)
    const place = at
    at += NUMBER_SIZE[type]!
    switch (type) {
      case 'i':
        return view.getInt8(place)
      case 'U':
        return view.getUint8(place)
      case 'I':
        return view.getInt16(place)
      case 'l':
        return view.getInt32(place)
      case 'd':
        return view.getFloat32(place)
      case 'D':
        return view.getFloat64(place)
      default: {
        const value = Number(view.getBigInt64(place))
        return Number.isSafeInteger(value) ? value : fail(`integer ${value} is beyond 2^53 - 1`, place)
      }
    }
  }

  function length(type: string): number {
    const place = at - 1
    if (!INTEGERS.includes(type)) fail(`a length has marker ${quoted(type)}; allowed are ${INTEGERS}`, place)
    const value = number(type)
    return value >= 0 ? value : fail(`a length is ${value}`, place)
  }

  function string(size: number): string {
    need(size)
    const place = at
    at += size
    try {
      return text.decode(bytes.subarray(place, at))
    } catch {
      return fail('a text is not UTF-8', place)
    }
  }

  /** `$` type and `#` count, which may stand at the beginning of a container. */
  function header(): { type: string | undefined; count: number | undefined } {
    let type: string | undefined
    if (peek('$')) {
      at++
      type = marker()
      if (!peek('#')) fail('a container has a type, but no count')
    }
    if (!peek('#')) return { type, count: undefined }
    at++
    const place = at
    const count = length(marker())
    // Each element takes a byte at least, those without any apart: nobody writes lists of them.
    if (type !== undefined && 'ZTFN'.includes(type)) fail(`a container has type ${quoted(type)}`, place)
    const least = count * (type === undefined ? 1 : (NUMBER_SIZE[type] ?? 1))
    if (least > bytes.length - at) {
      fail(`${count} elements are announced, but ${bytes.length - at} bytes are left`, place)
    }
    return { type, count }
  }

  function peek(expected: string): boolean {
    need(1)
    return bytes[at] === expected.charCodeAt(0)
  }

  function list(level: number): UbjValue {
    const { type, count } = header()
    if (type !== undefined && count !== undefined && type in NUMBER_SIZE) return numbers(type, count)
    const values: UbjValue[] = []
    if (count === undefined) {
      for (let next = marker(); next !== ']'; next = marker()) values.push(value(next, level))
    } else {
      for (let index = 0; index < count; index++) values.push(value(type ?? marker(), level))
    }
    return values
  }

  function numbers(type: string, count: number): UbjArray {
    const values = new ARRAYS[type]!(count)
    for (let index = 0; index < count; index++) values[index] = number(type)
    return values
  }

  function object(level: number): UbjObject {
    const { type, count } = header()
    const members = Object.create(null) as Record<string, UbjValue>
    let left = count ?? Number.POSITIVE_INFINITY
    while (left-- > 0) {
      const next = marker()
      if (count === undefined && next === '}') break
      const name = string(length(next))
      members[name] = value(type ?? marker(), level)
    }
    return members
  }

  function value(type: string, level: number): UbjValue {
    if (level > MOST_LEVELS) fail(`containers lie deeper than ${MOST_LEVELS} levels`)
    switch (type) {
      case 'Z':
        return null
      case 'T':
        return true
      case 'F':
        return false
      case 'C':
        return string(1)
      case 'S':
      case 'H':
        return string(length(marker()))
      case '[':
        return list(level + 1)
      case '{':
        return object(level + 1)
      default:
        return type in NUMBER_SIZE
          ? number(type)
          : fail(`a value has marker ${quoted(type)}; allowed are ${ALLOWED}`, at - 1)
    }
  }

  const found = value(marker(), 0)
  while (at < bytes.length && bytes[at] === 'N'.charCodeAt(0)) at++
  if (at < bytes.length) fail(`${bytes.length - at} bytes follow the value`)
  return found
}

const ARRAYS: Readonly<Record<string, new (length: number) => UbjArray>> = {
  i: Int8Array,
  U: Uint8Array,
  I: Int16Array,
  l: Int32Array,
  // Integers of 64 bits are checked to be exact in a double.
  L: Float64Array,
  d: Float32Array,
  D: Float64Array,
}

function quoted(marker: string): string {
  return JSON.stringify(marker)
}
