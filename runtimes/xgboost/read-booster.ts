import type { Booster, Scoring } from './booster.ts'
import { readCategoryNames } from './category-names.ts'
import type { DocumentObject } from './document-object.ts'
import { createLinearScoring } from './linear-scoring.ts'
import { findObjective, OBJECTIVE_NAMES, type Objective } from './objectives.ts'
import { createTreeScoring } from './tree-scoring.ts'

const MOST_OUTPUTS = 65_536
const MOST_FEATURES = 1 << 24

/**
 * Reads a whole model out of its document.
 * @throws ServingError FAILED_PRECONDITION naming the file and the place in it
 */
export function readBooster(document: DocumentObject, file: string): Booster {
  if (!document.has('learner'))
    document.fail('it has no learner: it is no model of XGBoost, or was saved by a version before 1.0')
  const learner = document.object('learner')
  const parameters = learner.object('learner_model_param')
  const featureCount = inRange(parameters, 'num_feature', 0, MOST_FEATURES)
  const classCount = inRange(parameters, 'num_class', 0, MOST_OUTPUTS)
  const targetCount = parameters.has('num_target') ? inRange(parameters, 'num_target', 0, MOST_OUTPUTS) : 1
  const outputCount = Math.max(classCount, targetCount, 1)
  const objectiveName = learner.object('objective').text('name')
  const objective = findObjective(objectiveName)
  if (objective === undefined) {
    return learner.fail(`objective.name is '${objectiveName}'; allowed are ${OBJECTIVE_NAMES.join(', ')}`)
  }
  const baseMargin = readBaseMargin(parameters, outputCount, objective)
  const gradientBooster = learner.object('gradient_booster')
  const attributes = learner.has('attributes')
    ? learner.object('attributes').entries()
    : new Map<string, string>()
  const featureNames = learner.has('feature_names') ? learner.texts('feature_names') : []
  if (featureNames.length > 0 && featureNames.length !== featureCount)
    learner.fail(`feature_names has ${featureNames.length} elements; there are ${featureCount} features`)
  return {
    featureCount,
    outputCount,
    objective,
    objectiveName,
    featureNames,
    categoryNames: readCategoryNames(gradientBooster),
    isClassifier: isClassifier(attributes.get('scikit_learn')),
    bestRound: bestRound(attributes.get('best_iteration')),
    scoring: createScoring(gradientBooster, { featureCount, outputCount, baseMargin }, file),
  }
}

function createScoring(
  booster: DocumentObject,
  shape: { readonly featureCount: number; readonly outputCount: number; readonly baseMargin: Float64Array },
  file: string,
): Scoring {
  const name = booster.text('name')
  switch (name) {
    case 'gbtree':
      return createTreeScoring(booster.object('model'), undefined, shape, file)
    case 'dart':
      return createTreeScoring(
        booster.object('gbtree').object('model'),
        booster.numbers('weight_drop'),
        shape,
        file,
      )
    case 'gblinear':
      return createLinearScoring(booster.object('model'), shape)
    default:
      return booster.fail(`name is '${name}'; allowed are gbtree, dart, gblinear`)
  }
}

/** Written as a number, or since XGBoost 3.1 as a list of them, with one for all outputs or one for each. */
function readBaseMargin(parameters: DocumentObject, outputCount: number, objective: Objective): Float64Array {
  const text = parameters.text('base_score')
  const scores = text
    .replace(/^\s*\[(.*)\]\s*$/s, '$1')
    .split(',')
    .map(part => (part.trim() === '' ? Number.NaN : Math.fround(Number(part))))
  if (scores.length !== 1 && scores.length !== outputCount)
    parameters.fail(`base_score has ${scores.length} numbers; expected 1 or ${outputCount}`)
  return Float64Array.from({ length: outputCount }, (_, output) => {
    const score = scores[scores.length === 1 ? 0 : output]!
    const margin = objective.toMargin(score)
    if (!Number.isFinite(margin))
      parameters.fail(`base_score is ${JSON.stringify(text.slice(0, 80))}, which has no finite margin`)
    return margin
  })
}

function inRange(source: DocumentObject, name: string, least: number, most: number): number {
  const value = source.integer(name)
  if (value < least || value > most) source.fail(`${name} is ${value}; allowed are ${least} to ${most}`)
  return value
}

/** What scikit-learn's interface notes down about itself: JSON in an attribute. */
function isClassifier(note: string | undefined): boolean {
  if (note === undefined) return false
  try {
    const parsed: unknown = JSON.parse(note)
    return (
      typeof parsed === 'object' &&
      parsed !== null &&
      '_estimator_type' in parsed &&
      parsed._estimator_type === 'classifier'
    )
  } catch {
    return false
  }
}

function bestRound(note: string | undefined): number | undefined {
  return note !== undefined && /^\d{1,9}$/.test(note) ? Number(note) : undefined
}
