import { modelTextError, type Place } from './model-text-error.ts'

const LINE_FEED = 10
const CARRIAGE_RETURN = 13
/** Longer than any line of a real model: a list of ten million numbers. */
const MOST_LINE_BYTES = 256 * 1024 * 1024

/** The lines of a file one after the other, each made into text only when it is asked for. */
export interface TextLines {
  /** Goes to the next line; false at the end of the file. */
  next(): boolean
  /** The line without its end. Default: bytes as characters, which is enough for numbers. */
  text(encoding?: 'latin1' | 'utf8'): string
  /** True if the line starts with this ASCII text. */
  startsWith(prefix: string): boolean
  readonly isBlank: boolean
  /** Whether the line ends with a line break, as every whole line does. */
  readonly isWhole: boolean
  /** Bytes from the start of the file to the line's. */
  readonly offset: number
  readonly place: Place
}

/** @throws ServingError FAILED_PRECONDITION from `next`, for a line beyond 256 MiB. */
export function createTextLines(bytes: Buffer, file: string): TextLines {
  let start = 0
  let end = 0
  let following = 0
  let line = 0
  let isWhole = true
  return {
    next() {
      if (following >= bytes.length) return false
      start = following
      line++
      const found = bytes.indexOf(LINE_FEED, start)
      isWhole = found !== -1
      end = isWhole ? found : bytes.length
      following = end + 1
      if (end > start && bytes[end - 1] === CARRIAGE_RETURN) end--
      if (end - start <= MOST_LINE_BYTES) return true
      throw modelTextError(
        { file, line },
        `it has ${end - start} bytes; at most ${MOST_LINE_BYTES} are allowed`,
      )
    },
    text: (encoding = 'latin1') => bytes.toString(encoding, start, end),
    startsWith: prefix =>
      end - start >= prefix.length && bytes.toString('latin1', start, start + prefix.length) === prefix,
    get isBlank() {
      return start === end
    },
    get isWhole() {
      return isWhole
    },
    get offset() {
      return start
    },
    get place() {
      return { file, line }
    },
  }
}
