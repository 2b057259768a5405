import { badRequest } from '../gateway-failure.ts'

/** Mistakes that one answer tells of; the others are counted. */
const SHOWN_MISTAKES = 20

/** What is wrong with a body. */
export class JsonMistakes {
  readonly #shown: string[] = []
  #count = 0

  /** A message more is not shown, and need not be made. */
  get isFull(): boolean {
    return this.#shown.length >= SHOWN_MISTAKES
  }

  add(message: string): void {
    this.#count++
    if (!this.isFull) this.#shown.push(message)
  }

  throwIfAny(signatureName: string): void {
    if (this.#count === 0) return
    const rest = this.#count - this.#shown.length
    const messages = rest > 0 ? [...this.#shown, `and ${rest} more`] : this.#shown
    throw badRequest(`Signature '${signatureName}' validation errors: ${messages.join('; ')}`)
  }
}
