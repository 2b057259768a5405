import { isDeepStrictEqual } from 'node:util'
import { BytesArray, type InferenceResponse, type Tensor } from '@millrace/sdk'
import type { Question } from './question.ts'

/** What is wrong with the answers to a question: number, model, version, id, names, datatypes, shapes and every value. */
export function answerFault(question: Question, responses: readonly InferenceResponse[]): string | undefined {
  const { request, answers, version } = question
  if (responses.length !== answers.length)
    return `${responses.length} answers came in place of ${answers.length}`
  for (const [index, { modelName, modelVersion, id, outputs }] of responses.entries()) {
    const head = [modelName, modelVersion || undefined, id]
    const expected = [request.modelName, version, request.id]
    if (!isDeepStrictEqual(head, expected))
      return `answer ${index} is from ${JSON.stringify(head)} and not from ${JSON.stringify(expected)}`
    const fault = outputsFault(outputs, answers[index]!)
    if (fault !== undefined) return `answer ${index}: ${fault}`
  }
  return undefined
}

function outputsFault(outputs: readonly Tensor[], expected: readonly Tensor[]): string | undefined {
  const heads = outputs.map(headOf)
  if (!isDeepStrictEqual(heads, expected.map(headOf)))
    return `outputs are ${JSON.stringify(heads)} in place of ${JSON.stringify(expected.map(headOf))}`
  for (const [index, { name, data }] of outputs.entries()) {
    const [actual, wanted] = [valuesOf(data), valuesOf(expected[index]!.data)]
    const place = wanted.findIndex((value, at) => value !== actual[at])
    if (place !== -1 || actual.length !== wanted.length)
      return `output ${name} has ${actual.length} elements, of which ${place} is ${actual[place]} in place of ${wanted[place]}`
  }
  return undefined
}

function headOf({ name, datatype, shape }: Tensor): object {
  return { name, datatype, shape: [...shape] }
}

function valuesOf(data: Tensor['data']): readonly (string | number | bigint)[] {
  if (BytesArray.is(data)) return Array.from(data, bytes => Buffer.from(bytes).toString('latin1'))
  return Array.from(data as Iterable<number | bigint>)
}
