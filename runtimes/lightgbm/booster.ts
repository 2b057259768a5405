import { createScorer, type Ensemble, type Rows } from '@millrace/trees'
import type { LightgbmOptions } from './lightgbm-options.ts'
import type { ModelText } from './model-text.ts'
import { modelTextError } from './model-text-error.ts'
import { createOutputTransform } from './objective.ts'

/** A model ready to predict, with the iterations that the settings chose. */
export interface Booster {
  readonly featureCount: number
  /** Scores and predictions of one row. */
  readonly outputCount: number
  readonly treeCount: number
  /** What it keeps in memory. */
  readonly memoryBytes: number
  /** The sums over the trees, `outputCount` a row, from row `first` on as far as `out` reaches. */
  scores(rows: Rows, rowCount: number, out: Float64Array): void
  /** The number of the leaf that each row reaches in each tree, `treeCount` a row. */
  leaves(rows: Rows, rowCount: number, out: Int32Array): void
  /** Turns scores into predictions, in place. `null` where they are the same. */
  readonly toPredictions: ((scores: Float64Array) => void) | null
}

/**
 * @param file what errors call the model's file
 * @throws ServingError FAILED_PRECONDITION for trees or an objective that are not sound; INVALID_ARGUMENT for a
 * first iteration that the model does not have
 */
export function createBooster(text: ModelText, options: LightgbmOptions, file: string): Booster {
  const { header } = text
  const { treesPerIteration } = header
  const featureCount = header.featureNames.length
  const iterations = chooseIterations(text.trees.length / treesPerIteration, options, file)
  const trees = text.trees.slice(
    iterations.begin * treesPerIteration,
    (iterations.begin + iterations.count) * treesPerIteration,
  )
  const objectivePlace = { file, line: header.objectiveLine, field: 'objective' }
  const transform = createOutputTransform(header.objective, treesPerIteration, objectivePlace)
  const scorer = createScorer(toEnsemble(text, text.trees), `LightGBM model '${file}'`)
  // All trees have been looked through above; those that are not asked for are kept out of the way of the others.
  const chosen =
    trees.length === text.trees.length
      ? scorer
      : createScorer(toEnsemble(text, trees), `LightGBM model '${file}'`)
  return {
    featureCount,
    outputCount: treesPerIteration,
    treeCount: trees.length,
    memoryBytes: chosen.memoryBytes,
    scores: (rows, rowCount, out) => chosen.margins(rows, rowCount, out),
    leaves: (rows, rowCount, out) => chosen.leaves(rows, rowCount, out),
    toPredictions: header.averagesOutput ? averaged(iterations.count, transform) : transform,
  }
}

function toEnsemble({ header }: ModelText, trees: ModelText['trees']): Ensemble {
  const { treesPerIteration, featureNames } = header
  return {
    featureCount: featureNames.length,
    outputCount: treesPerIteration,
    trees,
    treeOutput: Int32Array.from(trees, (_, index) => index % treesPerIteration),
    comparison: '<=',
    precision: 'float64',
    baseMargin: new Float64Array(treesPerIteration),
    cutsNegativeCategories: true,
  }
}

function chooseIterations(
  available: number,
  { startIteration, iterationCount }: LightgbmOptions,
  file: string,
): { readonly begin: number; readonly count: number } {
  if (startIteration > 0 && startIteration >= available)
    throw modelTextError(
      { file },
      `parameters.extra.start_iteration is ${startIteration}; the model has ${available} iterations, counted from 0`,
    )
  const left = available - startIteration
  return { begin: startIteration, count: iterationCount === null ? left : Math.min(iterationCount, left) }
}

function averaged(
  iterationCount: number,
  transform: ((scores: Float64Array) => void) | null,
): (scores: Float64Array) => void {
  return scores => {
    for (let index = 0; index < scores.length; index++) scores[index]! /= iterationCount
    transform?.(scores)
  }
}
