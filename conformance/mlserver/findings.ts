import { isDeepStrictEqual } from 'node:util'
import type { Outcome } from './check.ts'

const SEEN_LENGTH_MAX = 240

/** What one check has seen so far: a check goes on after the first thing that does not fit. */
export class Findings {
  readonly #misfits: string[] = []
  readonly #notes: string[] = []
  #obstacle: string | undefined

  /** `actual` must equal `expected`, deeply. */
  same(what: string, actual: unknown, expected: unknown): void {
    if (isDeepStrictEqual(actual, expected)) this.note(`${what}: ${show(actual)}`)
    else this.#misfits.push(`${what}: ${show(actual)}, not ${show(expected)}`)
  }

  /** `actual` must be one of `allowed`. */
  oneOf(what: string, actual: unknown, allowed: readonly unknown[]): void {
    if (allowed.some(value => isDeepStrictEqual(value, actual))) this.note(`${what}: ${show(actual)}`)
    else this.#misfits.push(`${what}: ${show(actual)}, not ${allowed.map(show).join(' or ')}`)
  }

  /** `actual` must be a text that matches. */
  matches(what: string, actual: unknown, pattern: RegExp): void {
    if (typeof actual === 'string' && pattern.test(actual)) this.note(`${what}: ${show(actual)}`)
    else this.#misfits.push(`${what}: ${show(actual)}, not ${pattern}`)
  }

  /** A statement that must hold. */
  that(statement: string, isTrue: boolean): void {
    if (isTrue) this.note(statement)
    else this.#misfits.push(`not so: ${statement}`)
  }

  /** Something worth telling that decides nothing. */
  note(text: string): void {
    this.#notes.push(text)
  }

  fail(text: string): void {
    this.#misfits.push(text)
  }

  /** The question cannot be asked here. */
  notRun(reason: string): void {
    this.#obstacle = reason
  }

  outcome(): Outcome {
    if (this.#obstacle !== undefined) return { result: 'not run', seen: this.#obstacle }
    const hasPassed = this.#misfits.length === 0
    return {
      result: hasPassed ? 'pass' : 'fail',
      seen: shorten((hasPassed ? this.#notes : this.#misfits).join('; ')),
    }
  }
}

function show(value: unknown): string {
  const text =
    typeof value === 'bigint'
      ? `${value}`
      : JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? `${part}` : part))
  // A tensor of a thousand numbers tells nobody more than its beginning.
  return text === undefined ? 'nothing' : shorten(text, 100)
}

function shorten(text: string, length = SEEN_LENGTH_MAX): string {
  const line = text.replaceAll(/\s+/g, ' ')
  return line.length <= length ? line : `${line.slice(0, length)}…`
}
