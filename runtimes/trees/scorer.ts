import { ServingError } from '@millrace/sdk'
import { checkEnsemble } from './check-ensemble.ts'
import type { Ensemble, Rows, Scorer, TreeRange } from './ensemble.ts'
import { ensembleBytes } from './ensemble-bytes.ts'
import { canFlatten, createFlatScorer } from './flat-scorer.ts'
import { canPack, createPackedScorer } from './packed-scorer.ts'
import { createPlainScorer } from './plain-scorer.ts'

/**
 * Checks an ensemble through and makes a scorer of it. The arrays of the ensemble belong to the scorer from then on.
 * @param source what the ensemble comes from, as errors shall name it: `'/models/model.json'` in quotes
 * @throws ServingError FAILED_PRECONDITION naming source, tree and node where an ensemble is not sound
 */
export function createScorer(ensemble: Ensemble, source = 'the ensemble'): Scorer {
  const levels = checkEnsemble(ensemble, source)
  const isFlat = canFlatten(ensemble)
  const plain = isFlat ? createFlatScorer(ensemble) : createPlainScorer(ensemble)
  const packed = canPack(ensemble) ? createPackedScorer(ensemble, levels) : undefined
  const scorer = packed === undefined ? plain : { ...plain, ...packed }
  return {
    // A flat scorer has all of it once more, in arrays of its own.
    memoryBytes: ensembleBytes(ensemble) * (isFlat ? 2 : 1) + (packed?.memoryBytes ?? 0),
    margins(rows, rowCount, out, range) {
      checkCall(ensemble, rows, rowCount, range)
      checkRoom(out, rowCount * ensemble.outputCount)
      if (ensemble.precision === 'float64' && out instanceof Float32Array)
        throw misused('sums in float64 do not fit into a Float32Array')
      scorer.margins(rows, rowCount, out, range)
    },
    leaves(rows, rowCount, out, range) {
      const treeCount = range === undefined ? ensemble.trees.length : range.end - range.begin
      checkCall(ensemble, rows, rowCount, range)
      checkRoom(out, rowCount * treeCount)
      scorer.leaves(rows, rowCount, out, range)
    },
  }
}

function checkCall(ensemble: Ensemble, rows: Rows, rowCount: number, range: TreeRange | undefined): void {
  if (!Number.isInteger(rowCount) || rowCount < 0) throw misused(`rowCount is ${rowCount}`)
  if (rows.length < rowCount * ensemble.featureCount)
    throw misused(`${rows.length} values; ${rowCount} rows of ${ensemble.featureCount} features need more`)
  if (range === undefined) return
  const { begin, end } = range
  const isWithin = Number.isInteger(begin) && Number.isInteger(end) && begin >= 0 && begin <= end
  if (!isWithin || end > ensemble.trees.length)
    throw misused(`trees ${begin} to ${end} of ${ensemble.trees.length}`)
}

function checkRoom(out: { readonly length: number }, needed: number): void {
  if (out.length < needed) throw misused(`room for ${out.length} values; the answer has ${needed}`)
}

function misused(what: string): ServingError {
  return new ServingError('INTERNAL', `The scorer was called wrongly: ${what}`)
}
