import { ServingError } from '../../errors/index.ts'
import { cachedText } from './text-cache.ts'

// Not from ascii.ts: the engine folds a module's own constants, not those it imports.
const BACKSLASH = 0x5c
const CARRIAGE_RETURN = 0x0d
const CLOSE_BRACE = 0x7d
const CLOSE_BRACKET = 0x5d
const COLON = 0x3a
const COMMA = 0x2c
const LINE_FEED = 0x0a
const QUOTE = 0x22
const SPACE = 0x20
const TAB = 0x09

/** Arrays and objects that may be open at the same time; the root counts as one. */
export const MAX_DEPTH = 100

/** What is read: a body that a client sent, or one that a server answered with. */
export type JsonSubject = 'the request body' | 'the response body'

/**
 * A cursor over the bytes of one JSON text (RFC 8259), which must be valid UTF-8. Every method
 * expects the cursor on the first byte of what it reads and leaves it behind the last.
 *
 * Whatever breaks the grammar throws INVALID_ARGUMENT with a violation of type `json_invalid`.
 */
export class JsonReader {
  readonly bytes: Uint8Array
  /** The same bytes, to read four of them at once. */
  readonly view: DataView
  /** How messages call the text. */
  readonly subject: JsonSubject
  /** Index of the next byte. */
  position = 0
  #depth = 0

  constructor(bytes: Uint8Array, subject: JsonSubject = 'the request body') {
    this.bytes = bytes
    this.subject = subject
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** The byte at the cursor; -1 at the end. Reading there would make the engine's code slower for good. */
  peek(): number {
    return this.position < this.bytes.length ? this.bytes[this.position]! : -1
  }

  /** Moves to the next byte that is not white space and returns it; -1 at the end. */
  next(): number {
    const { bytes } = this
    let { position } = this
    while (position < bytes.length) {
      const byte = bytes[position]!
      if (byte !== SPACE && byte !== LINE_FEED && byte !== CARRIAGE_RETURN && byte !== TAB) {
        this.position = position
        return byte
      }
      position++
    }
    this.position = position
    return -1
  }

  /**
   * Walks an object: `for (let key = reader.firstKey(); key !== undefined; key = reader.nextKey())`,
   * with the cursor on the member's value each time round.
   */
  firstKey(): string | undefined {
    this.enter()
    if (this.next() !== CLOSE_BRACE) return this.#readKey()
    this.leave()
    return undefined
  }

  /** @returns undefined after the last member */
  nextKey(): string | undefined {
    const byte = this.next()
    if (byte === COMMA) {
      this.position++
      this.next()
      return this.#readKey()
    }
    if (byte !== CLOSE_BRACE) this.fail("expected ',' or '}'")
    this.leave()
    return undefined
  }

  #readKey(): string {
    if (this.peek() !== QUOTE) this.fail('expected a name in double quotes')
    const key = this.readString()
    if (this.next() !== COLON) this.fail("expected ':'")
    this.position++
    this.next()
    return key
  }

  /** Walks an array, like {@link firstKey}: true while the cursor is on another element. */
  firstItem(): boolean {
    this.enter()
    if (this.next() !== CLOSE_BRACKET) return true
    this.leave()
    return false
  }

  /** @returns false after the last element */
  nextItem(): boolean {
    const byte = this.next()
    if (byte === COMMA) {
      this.position++
      this.next()
      return true
    }
    if (byte !== CLOSE_BRACKET) this.fail("expected ',' or ']'")
    this.leave()
    return false
  }

  /** Steps over an opening bracket or brace. */
  enter(): void {
    if (this.#depth === MAX_DEPTH) this.fail(`arrays and objects are nested deeper than ${MAX_DEPTH} levels`)
    this.#depth++
    this.position++
  }

  /** Steps over a closing bracket or brace. */
  leave(): void {
    this.#depth--
    this.position++
  }

  /** Steps over `true`, `false` or `null`. */
  readLiteral(literal: string): void {
    for (let index = 0; index < literal.length; index++) {
      if (this.bytes[this.position + index] !== literal.charCodeAt(index)) this.fail('expected a value')
    }
    this.position += literal.length
  }

  /** Half of a surrogate pair, which only an escape can write, becomes U+FFFD: it has no UTF-8 form. */
  readString(): string {
    const start = this.position
    const isEscaped = this.skipString()
    const end = this.position
    if (isEscaped) return this.#unescape(start, end)
    return cachedText(this.bytes, start + 1, end - 1) ?? this.text(start + 1, end - 1)
  }

  /** @returns true if the string has escapes, which are not checked */
  skipString(): boolean {
    const { bytes } = this
    const start = this.position
    let isEscaped = false
    let position = start + 1
    for (;;) {
      if (position >= bytes.length) this.fail('a string does not end', start)
      const byte = bytes[position]!
      if (byte === QUOTE) break
      if (byte < SPACE) this.fail('a string has a control character that is not escaped', position)
      if (byte === BACKSLASH) {
        isEscaped = true
        position++
      }
      position++
    }
    this.position = position + 1
    return isEscaped
  }

  #unescape(start: number, end: number): string {
    try {
      return (JSON.parse(this.text(start, end)) as string).toWellFormed()
    } catch {
      return this.fail('a string has an escape that JSON does not know', start)
    }
  }

  text(start: number, end: number): string {
    const { buffer, byteOffset } = this.bytes
    return Buffer.from(buffer, byteOffset + start, end - start).toString()
  }

  /** @param what the sentence's middle: `the request body is not valid JSON: … at byte 12` */
  fail(what: string, position: number = this.position): never {
    const isEnd = position >= this.bytes.length
    const place = isEnd ? `at its end (byte ${this.bytes.length})` : `at byte ${position}`
    throw new ServingError('INVALID_ARGUMENT', `${this.subject} is not valid JSON: ${what} ${place}`, {
      violations: [
        {
          type: 'json_invalid',
          loc: ['body', position],
          msg: 'JSON decode error',
          input: {},
          ctx: { error: what },
        },
      ],
    })
  }
}
