/** Copies of a loaded model, each on a worker of its own. */
export interface LoadedCopies {
  /** Never less than one; those included whose worker is being replaced. */
  readonly count: number
  /** As many as there are workers. */
  readonly most: number
  /** Whether a worker is there for one more. */
  readonly canAdd: boolean
  /** Requests since it was loaded. */
  readonly requestCount: number
  /** Requests that copies have not finished. */
  readonly inFlightCount: number
  /**
   * Loads one more, on the worker with most room; one at a time.
   * @throws what its load threw, or the signal's reason; ServingError UNAVAILABLE when no worker is there for it
   */
  add(signal: AbortSignal): Promise<void>
  /**
   * Unloads one when its requests have ended; never the last. Resolves when its memory is free.
   * @throws what the model's `unload` threw
   */
  drop(): Promise<void>
}
