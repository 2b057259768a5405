import { modelTextError, type Place, quoted } from './model-text-error.ts'

/** Turns the scores of all rows, `outputCount` to a row, into predictions, in place. */
export type OutputTransform = (scores: Float64Array) => void

/** Other names that files carry when the objective was given as text of one's own. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  regression: [
    'regression_l2',
    'mean_squared_error',
    'mse',
    'l2',
    'l2_root',
    'root_mean_squared_error',
    'rmse',
  ],
  regression_l1: ['mean_absolute_error', 'l1', 'mae'],
  multiclass: ['softmax'],
  multiclassova: ['multiclass_ova', 'ova', 'ovr'],
  cross_entropy: ['xentropy'],
  cross_entropy_lambda: ['xentlambda'],
  mape: ['mean_absolute_percentage_error'],
  rank_xendcg: ['xendcg', 'xe_ndcg', 'xe_ndcg_mart', 'xendcg_mart'],
  custom: ['none', 'null', 'na'],
}

/** How each objective makes its transform: `null` where predictions are the scores. */
const OBJECTIVES: Readonly<Record<string, (words: readonly string[], need: Need) => OutputTransform | null>> =
  {
    regression: squareIfAsked,
    regression_l1: squareIfAsked,
    quantile: squareIfAsked,
    fair: squareIfAsked,
    mape: squareIfAsked,
    huber: () => null,
    poisson: () => each(Math.exp),
    gamma: () => each(Math.exp),
    tweedie: () => each(Math.exp),
    binary: (_words, need) => logistic(need.sigmoid()),
    multiclassova(_words, need) {
      need.classes()
      return logistic(need.sigmoid())
    },
    multiclass: (_words, need) => softmax(need.classes()),
    cross_entropy: () => logistic(1),
    cross_entropy_lambda: () => each(score => Math.log1p(Math.exp(score))),
    lambdarank: () => null,
    rank_xendcg: () => null,
    custom: () => null,
  }

/** Parameters that an objective cannot do without. */
interface Need {
  sigmoid(): number
  classes(): number
}

/**
 * What a model's objective makes of its scores; `null` for nothing at all.
 * @param objective as the file has it, `binary sigmoid:1`; `undefined` for a model trained with one of its author's own
 * @param outputCount how many scores a row has
 * @throws ServingError FAILED_PRECONDITION for an unknown objective, a missing or wrong parameter, or another number of scores
 */
export function createOutputTransform(
  objective: string | undefined,
  outputCount: number,
  place: Place,
): OutputTransform | null {
  if (objective === undefined) return null
  const words = objective.split(' ').filter(word => word !== '')
  const given = words[0] ?? ''
  const name = Object.keys(ALIASES).find(known => ALIASES[known]!.includes(given)) ?? given
  const create = Object.hasOwn(OBJECTIVES, name) ? OBJECTIVES[name] : undefined
  if (create === undefined)
    throw modelTextError(place, `${quoted(given)} is not one of ${Object.keys(OBJECTIVES).join(', ')}`)
  let scoresNeeded = 1
  const transform = create(words, {
    sigmoid() {
      const text = parameter(words, 'sigmoid')
      const value = Number(text)
      if (text !== undefined && text !== '' && value > 0 && value < Infinity) return value
      throw modelTextError(place, `${quoted(objective)} needs sigmoid: and a number above 0`)
    },
    classes() {
      scoresNeeded = Number(parameter(words, 'num_class'))
      return scoresNeeded
    },
  })
  if (name !== 'custom' && scoresNeeded !== outputCount)
    throw modelTextError(
      place,
      `${quoted(objective)} makes ${scoresNeeded} scores of a row; num_tree_per_iteration is ${outputCount}`,
    )
  return transform
}

function parameter(words: readonly string[], name: string): string | undefined {
  return words.find(word => word.startsWith(`${name}:`))?.slice(name.length + 1)
}

function squareIfAsked(words: readonly string[]): OutputTransform | null {
  return words.includes('sqrt') ? each(score => Math.sign(score) * score * score) : null
}

function logistic(sigmoid: number): OutputTransform {
  return each(score => 1 / (1 + Math.exp(-sigmoid * score)))
}

function each(convert: (score: number) => number): OutputTransform {
  return scores => {
    for (let index = 0; index < scores.length; index++) scores[index] = convert(scores[index]!)
  }
}

function softmax(classCount: number): OutputTransform {
  return scores => {
    for (let from = 0; from < scores.length; from += classCount) {
      const to = from + classCount
      let most = scores[from]!
      for (let index = from + 1; index < to; index++) if (scores[index]! > most) most = scores[index]!
      let sum = 0
      for (let index = from; index < to; index++) {
        scores[index] = Math.exp(scores[index]! - most)
        sum += scores[index]!
      }
      for (let index = from; index < to; index++) scores[index]! /= sum
    }
  }
}
