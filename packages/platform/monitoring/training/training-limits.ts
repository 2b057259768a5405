/** What training data may be. */
export interface TrainingLimits {
  /** Default 1 GiB. */
  readonly sizeBytesMax: number
  /** Columns of the header. Default 10,000. */
  readonly columnsMax: number
  /** Characters of a cell. Default 65,536. */
  readonly cellLengthMax: number
  /** Characters of a row. Default 4 Mi. */
  readonly rowLengthMax: number
  /** Default 50 million. */
  readonly rowsMax: number
  /** Longest that processing may take, and reading from elsewhere. Default an hour. */
  readonly processingMsMax: number
  /** Uploads of all versions that wait for their turn. Default 64. */
  readonly waitingMax: number
}

export const TRAINING_LIMITS: TrainingLimits = {
  sizeBytesMax: 1024 ** 3,
  columnsMax: 10_000,
  cellLengthMax: 65_536,
  rowLengthMax: 4 * 1024 * 1024,
  rowsMax: 50_000_000,
  processingMsMax: 3_600_000,
  waitingMax: 64,
}
