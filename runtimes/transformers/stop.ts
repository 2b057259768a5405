import { StoppingCriteria } from '@huggingface/transformers'

/** Asked between two tokens whether there is to be another. */
export class Stop extends StoppingCriteria {
  readonly #signal: AbortSignal
  readonly #maxNewTokens: number
  readonly #maxLength: number
  #tokens = 0
  #isStopped = false

  /**
   * @param signal ends it when the request is over, whatever the reason
   * @param maxNewTokens whatever the model's own configuration says
   * @param maxLength how many tokens the model can tell the places of, those of the text included
   */
  constructor(signal: AbortSignal, maxNewTokens: number, maxLength: number) {
    super()
    this.#signal = signal
    this.#maxNewTokens = maxNewTokens
    this.#maxLength = maxLength
  }

  /** How many have been made. */
  get tokens(): number {
    return this.#tokens
  }

  /** No token after the one that is being made. */
  stop(): void {
    this.#isStopped = true
  }

  /** Called by the library after each token, with the tokens of every text. */
  override _call(sequences: readonly (readonly unknown[])[]): boolean[] {
    this.#tokens++
    const isOver =
      this.#isStopped ||
      this.#signal.aborted ||
      this.#tokens >= this.#maxNewTokens ||
      sequences.some(({ length }) => length >= this.#maxLength)
    return sequences.map(() => isOver)
  }
}
