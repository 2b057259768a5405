/** What an objective makes of margins, and of the base score that a file holds. */
export interface Objective {
  /** The margin that a base score stands for. */
  readonly toMargin: (baseScore: number) => number
  /** Turns margins into predictions, in place. */
  readonly transform: Transform
  /** Predictions a row, if not as many as margins. */
  readonly predictsClass?: true
}

/** Rewrites `values`, `outputCount` of them a row. */
export type Transform = (values: Float32Array, outputCount: number) => void

const same = (value: number): number => value
const keep: Transform = () => {}
const PLAIN: Objective = { toMargin: same, transform: keep }
/** XGBoost keeps the exponent within what a float32 holds, and the denominator away from its smallest. */
const MOST_EXPONENT = 88.7

function each(change: (value: number) => number): Transform {
  return values => {
    for (let index = 0; index < values.length; index++) values[index] = change(values[index]!)
  }
}

const LOGISTIC: Objective = {
  // Rounded where XGBoost rounds: margins near zero show the difference.
  toMargin: score => -Math.fround(Math.log(Math.fround(Math.fround(1 / score) - 1))),
  transform: each(margin => 1 / Math.fround(Math.fround(Math.exp(Math.min(-margin, MOST_EXPONENT))) + 1)),
}
const LOG_LINK: Objective = { toMargin: score => Math.fround(Math.log(score)), transform: each(Math.exp) }
const HINGE: Objective = { toMargin: same, transform: each(margin => (margin > 0 ? 1 : 0)) }

/** Probabilities of the classes, row by row. */
export const softmax: Transform = (values, outputCount) => {
  for (let from = 0; from < values.length; from += outputCount) {
    let largest = Number.NEGATIVE_INFINITY
    for (let index = from; index < from + outputCount; index++) largest = Math.max(largest, values[index]!)
    let sum = 0
    for (let index = from; index < from + outputCount; index++) {
      values[index] = Math.exp(values[index]! - largest)
      sum += values[index]!
    }
    for (let index = from; index < from + outputCount; index++) values[index]! /= sum
  }
}

/** By the names that files have. Not listed: objectives of users, which XGBoost saves under no name of their own. */
const OBJECTIVES: Readonly<Record<string, Objective>> = {
  'reg:squarederror': PLAIN,
  'reg:linear': PLAIN,
  'reg:squaredlogerror': PLAIN,
  'reg:pseudohubererror': PLAIN,
  'reg:absoluteerror': PLAIN,
  'reg:quantileerror': PLAIN,
  'reg:expectileerror': PLAIN,
  'reg:logistic': LOGISTIC,
  'reg:gamma': LOG_LINK,
  'reg:tweedie': LOG_LINK,
  'binary:logistic': LOGISTIC,
  'binary:logitraw': PLAIN,
  'binary:hinge': HINGE,
  'count:poisson': LOG_LINK,
  'survival:cox': LOG_LINK,
  'survival:aft': LOG_LINK,
  'rank:pairwise': PLAIN,
  'rank:ndcg': PLAIN,
  'rank:map': PLAIN,
  'multi:softprob': { toMargin: same, transform: softmax },
  'multi:softmax': { toMargin: same, transform: keep, predictsClass: true },
}

export const OBJECTIVE_NAMES = Object.keys(OBJECTIVES)

export function findObjective(name: string): Objective | undefined {
  return Object.hasOwn(OBJECTIVES, name) ? OBJECTIVES[name] : undefined
}
