/** What a load generator reports to. */
export interface LoadListener {
  /** An answer has arrived whole and is the expected one, as far as its length and status tell. */
  onAnswer(durationUs: number): void
  /** The run is worthless: an answer was wrong, or a connection broke. */
  onFailure(error: Error): void
}

/** A closed loop over a number of connections: each answer is followed by the next request at once. */
export interface LoadRun {
  close(): void
}

/**
 * Where every connection's bytes are read to. One is enough: a read is worked through before the
 * next one begins, and nothing keeps a view of it.
 */
export const READ_BUFFER = Buffer.allocUnsafeSlow(256 * 1024)

export function microseconds(): number {
  return performance.now() * 1000
}
