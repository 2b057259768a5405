/** Who knows of servables that run only while somebody needs them. The wiring fills it in. */
export interface ServableDemand {
  /**
   * Has a servable started that sleeps. Resolves when it can be asked; at once if it runs.
   * Rejects with a `ServingError` that says why it cannot be, or with the signal's reason.
   */
  wake(servable: string, how: WakeOptions): Promise<void>
  /** A request goes to a replica of it: until it has left, no replica is ended. It must not throw. */
  entered(servable: string, isBackground: boolean): void
  left(servable: string): void
}

export interface WakeOptions {
  /** Nobody waits for the answer: nothing is stopped for it that was needed lately. */
  readonly isBackground: boolean
  readonly signal: AbortSignal
}
