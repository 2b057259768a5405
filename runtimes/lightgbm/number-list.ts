import { modelTextError, type Place, quoted } from './model-text-error.ts'

const SPACE = 32
const INTEGER = /^[-+]?\d{1,15}$/
const DECIMAL = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i
const SPECIAL: ReadonlyMap<string, number> = new Map([
  ['inf', Infinity],
  ['+inf', Infinity],
  ['-inf', -Infinity],
  ['infinity', Infinity],
  ['-infinity', -Infinity],
  ['nan', Number.NaN],
  ['-nan', Number.NaN],
])

/** Any of the arrays that lists are read into. */
interface NumberArray {
  [index: number]: number
  readonly length: number
}

/** The least and the most that a number may be. */
type NumberRange = readonly [least: number, most: number]

/**
 * Whole numbers of 32 bits between spaces.
 * @param count how many there must be
 * @throws ServingError FAILED_PRECONDITION for any other number of them, and for what is not one or out of range
 */
export function readIntegers(text: string, count: number, range: NumberRange, place: Place): Int32Array {
  checkRoom(text, count, place)
  return readList(text, new Int32Array(count), place, token => toInteger(token, range, place))
}

/** Whole numbers from 0 to 2^32 - 1; everything else as {@link readIntegers}. */
export function readWords(text: string, count: number, place: Place): Uint32Array {
  checkRoom(text, count, place)
  return readList(text, new Uint32Array(count), place, token => toInteger(token, [0, 0xffffffff], place))
}

/** Decimal numbers, `inf` and `nan` among them; everything else as {@link readIntegers}. */
export function readDecimals(text: string, count: number, place: Place): Float64Array {
  checkRoom(text, count, place)
  return readList(text, new Float64Array(count), place, token => {
    const value = DECIMAL.test(token) ? Number(token) : SPECIAL.get(token.toLowerCase())
    if (value !== undefined) return value
    throw modelTextError(place, `${quoted(token)} is not a number`)
  })
}

/** How many words stand between the spaces of a text, without making them. */
export function countWords(text: string): number {
  let count = 0
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) !== SPACE && (index === 0 || text.charCodeAt(index - 1) === SPACE)) count++
  }
  return count
}

/** One whole number. */
export function readInteger(text: string, range: NumberRange, place: Place): number {
  return readIntegers(text, 1, range, place)[0]!
}

function toInteger(token: string, [least, most]: NumberRange, place: Place): number {
  const value = INTEGER.test(token) ? Number(token) : Number.NaN
  if (value >= least && value <= most) return value
  throw modelTextError(place, `${quoted(token)} is not an integer from ${least} to ${most}`)
}

/** A hostile count fails here, before memory is taken: every number needs a character and a space. */
function checkRoom(text: string, count: number, place: Place): void {
  if (count <= (text.length + 1) / 2) return
  throw modelTextError(place, `${count} numbers are needed, but ${text.length} characters cannot hold them`)
}

function readList<A extends NumberArray>(
  text: string,
  into: A,
  place: Place,
  read: (token: string) => number,
): A {
  let count = 0
  let start = 0
  while (start < text.length) {
    if (text.charCodeAt(start) === SPACE) {
      start++
      continue
    }
    const space = text.indexOf(' ', start)
    const end = space === -1 ? text.length : space
    if (count === into.length)
      throw modelTextError(place, `more than the ${into.length} numbers that belong here`)
    into[count++] = read(text.slice(start, end))
    start = end + 1
  }
  if (count < into.length) throw modelTextError(place, `${count} numbers where ${into.length} belong`)
  return into
}
