import { ServingError, type TensorLike, type TensorSpec } from '@millrace/sdk'
import type { Booster, RoundRange } from './booster.ts'
import { softmax } from './objectives.ts'
import type { RequestRows } from './request-rows.ts'

/** One output that a model can be asked for. */
export interface Answer {
  readonly spec: TensorSpec
  /** @param margins of the rows, to be left as they are */
  answer(request: RequestRows, margins: () => Float32Array): TensorLike
}

/** Every output of a model by its name; `predict` is the first and answers who asks for none. */
export function createAnswers(booster: Booster, rounds: RoundRange): ReadonlyMap<string, Answer> {
  const { outputCount, objective, isClassifier, scoring } = booster
  const isMulticlass = booster.objectiveName.startsWith('multi:')
  const answers: Answer[] = []

  function probabilities(margins: Float32Array): Float32Array {
    const values = margins.slice()
    if (isMulticlass) softmax(values, outputCount)
    else objective.transform(values, outputCount)
    return values
  }

  if (isClassifier) answers.push(labels(outputCount, isMulticlass, probabilities))
  else if (objective.predictsClass === true)
    answers.push(numbers('predict', 1, margins => Float32Array.from(classes(margins, outputCount))))
  else answers.push(numbers('predict', outputCount, probabilities))

  if (isClassifier) {
    const isBinary = !isMulticlass && outputCount === 1
    answers.push(
      numbers('predict_proba', isBinary ? 2 : outputCount, margins =>
        isBinary ? bothSides(probabilities(margins)) : probabilities(margins),
      ),
    )
  }
  answers.push(numbers('margin', outputCount, margins => margins.slice()))
  const leafCount = scoring.leafCount(rounds)
  if (leafCount !== undefined) {
    answers.push({
      spec: { name: 'leaf', datatype: 'INT32', shape: [-1, leafCount], isOptional: true },
      answer({ rows, rowCount }) {
        const data = new Int32Array(rowCount * leafCount)
        scoring.leaves(rows, rowCount, data, rounds)
        return { name: 'leaf', datatype: 'INT32', shape: [rowCount, leafCount], data }
      },
    })
  }
  return new Map(answers.map(answer => [answer.spec.name, answer]))
}

/** The answer that was asked for. @throws ServingError INVALID_ARGUMENT naming those that there are */
export function findAnswer(answers: ReadonlyMap<string, Answer>, name: string): Answer {
  const found = answers.get(name)
  if (found !== undefined) return found
  const names = Array.from(answers.keys(), known => `'${known}'`).join(', ')
  throw new ServingError('INVALID_ARGUMENT', `output '${name}' does not exist; the model has ${names}`)
}

function numbers(name: string, width: number, compute: (margins: Float32Array) => Float32Array): Answer {
  return {
    spec: { name, datatype: 'FP32', shape: [-1, width], ...(name === 'predict' ? {} : { isOptional: true }) },
    answer: ({ rowCount }, margins) => ({
      name,
      datatype: 'FP32',
      shape: [rowCount, width],
      data: compute(margins()),
    }),
  }
}

/** What a classifier of scikit-learn's interface predicts: the number of the class; for several targets 0 or 1 each. */
function labels(
  outputCount: number,
  isMulticlass: boolean,
  probabilities: (margins: Float32Array) => Float32Array,
): Answer {
  const width = isMulticlass ? 1 : outputCount
  return {
    spec: { name: 'predict', datatype: 'INT64', shape: [-1, width] },
    answer({ rowCount }, margins) {
      const found = isMulticlass
        ? classes(margins(), outputCount)
        : Array.from(probabilities(margins()), probability => (probability > 0.5 ? 1 : 0))
      return {
        name: 'predict',
        datatype: 'INT64',
        shape: [rowCount, width],
        data: BigInt64Array.from(found, BigInt),
      }
    },
  }
}

/** By row: the first output with the largest margin. */
function classes(margins: Float32Array, outputCount: number): number[] {
  const found: number[] = []
  for (let from = 0; from < margins.length; from += outputCount) {
    let best = 0
    for (let output = 1; output < outputCount; output++) {
      if (margins[from + output]! > margins[from + best]!) best = output
    }
    found.push(best)
  }
  return found
}

function bothSides(positive: Float32Array): Float32Array {
  const both = new Float32Array(positive.length * 2)
  for (const [row, probability] of positive.entries()) {
    both[row * 2] = 1 - probability
    both[row * 2 + 1] = probability
  }
  return both
}
