/** What the door has done since it started, and does now. */
export interface DoorFigures {
  /** Records taken from the input topic, with those that came once more after a failure. */
  consumed: number
  answered: number
  /** Errors that were answered, and dead letters. */
  failed: number
  inFlight: number
  isConnected: boolean
}
