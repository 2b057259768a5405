import { setImmediate } from 'node:timers/promises'
import { type ModelResponse, ServingError, type TensorLike } from '@millrace/sdk'
import type { Booster } from './booster.ts'
import { OUTPUT_NAMES, type OutputName } from './lightgbm-contract.ts'
import type { RequestRows } from './request-rows.ts'

/** Steps through a tree that are taken in one go, some tens of milliseconds; then others have their turn. */
const STEPS_AT_ONCE = 4_000_000
const STEPS_PER_TREE = 8
const MOST_OUTPUT_ELEMENTS = 2 ** 27

/**
 * The outputs asked for, in that order. Small requests are answered at once; large ones give way to others between
 * pieces, and stop when the signal says so.
 * @param signal asked for only where an answer takes several pieces
 * @throws ServingError INVALID_ARGUMENT for more than 134,217,728 numbers in an output
 */
export function predictOutputs(
  booster: Booster,
  request: RequestRows,
  wanted: readonly OutputName[],
  signal: () => AbortSignal,
): ModelResponse | Promise<ModelResponse> {
  const { rowCount } = request
  const { outputCount, treeCount } = booster
  const needsScores = wanted.includes('predict') || wanted.includes('raw_score')
  const needsLeaves = wanted.includes('leaf_index')
  const width = Math.max(needsScores ? outputCount : 0, needsLeaves ? treeCount : 0)
  if (rowCount * width > MOST_OUTPUT_ELEMENTS) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `${rowCount} rows need an output of ${rowCount * width} numbers; at most ${MOST_OUTPUT_ELEMENTS} are allowed, so send fewer rows`,
    )
  }
  const scores = needsScores ? new Float64Array(rowCount * outputCount) : null
  const leaves = needsLeaves ? new Int32Array(rowCount * treeCount) : null
  const score = (first: number, last: number): void => {
    const { rows } = request
    const isAll = first === 0 && last === rowCount
    const part = isAll ? rows : rows.subarray(first * booster.featureCount, last * booster.featureCount)
    if (scores !== null) {
      booster.scores(
        part,
        last - first,
        isAll ? scores : scores.subarray(first * outputCount, last * outputCount),
      )
    }
    if (leaves !== null) {
      booster.leaves(
        part,
        last - first,
        isAll ? leaves : leaves.subarray(first * treeCount, last * treeCount),
      )
    }
  }
  const respond = (): ModelResponse => ({
    outputs: toOutputs(booster, rowCount, wanted, scores, leaves),
  })

  const rowsAtOnce = Math.max(1, Math.floor(STEPS_AT_ONCE / (Math.max(1, treeCount) * STEPS_PER_TREE)))
  if (rowCount <= rowsAtOnce) {
    score(0, rowCount)
    return respond()
  }
  return inPieces(rowCount, rowsAtOnce, signal(), score).then(respond)
}

async function inPieces(
  rowCount: number,
  rowsAtOnce: number,
  signal: AbortSignal,
  score: (first: number, last: number) => void,
): Promise<void> {
  for (let first = 0; first < rowCount; first += rowsAtOnce) {
    signal.throwIfAborted()
    score(first, Math.min(first + rowsAtOnce, rowCount))
    await setImmediate()
  }
}

function toOutputs(
  { outputCount, treeCount, toPredictions }: Booster,
  rowCount: number,
  wanted: readonly OutputName[],
  scores: Float64Array | null,
  leaves: Int32Array | null,
): readonly TensorLike[] {
  // Predictions are made in the scores' own memory unless these are an answer too.
  let predictions = scores
  if (scores !== null && toPredictions !== null && wanted.includes('predict')) {
    if (wanted.includes('raw_score')) predictions = scores.slice()
    toPredictions(predictions!)
  }
  return wanted.map((name): TensorLike => {
    if (name === OUTPUT_NAMES.leaf_index)
      return { name, datatype: 'INT32', shape: [rowCount, treeCount], data: leaves! }
    const data = name === OUTPUT_NAMES.value ? predictions! : scores!
    return { name, datatype: 'FP64', shape: [rowCount, outputCount], data }
  })
}
