/** What one component of a field was like in training. */
export interface TrainingRange {
  readonly min: number
  readonly max: number
}

/** By field, the ranges of its components in their order; `undefined` for one of which nothing is known. */
export type TrainingRanges = ReadonlyMap<string, readonly (TrainingRange | undefined)[]>

/** The ranges of a model version; `undefined` without training data. */
export type TrainingRangesOf = (
  versionId: number,
) => TrainingRanges | undefined | Promise<TrainingRanges | undefined>
