import assert from 'node:assert/strict'
import { readJson } from './exact-json.ts'
import type { Answer, Question, Refusal } from './form.ts'
import type { Parameters, TensorValue } from './tensor-value.ts'

/** A tensor as it stands in the JSON of a response. */
export interface JsonTensor extends Omit<TensorValue, 'data'> {
  readonly data?: TensorValue['data']
}

/** The JSON of an inference response. */
export interface JsonAnswer {
  readonly model_name: string
  readonly model_version?: string
  readonly id?: string
  readonly parameters?: Parameters
  readonly outputs: readonly JsonTensor[]
}

/** The path of a model's route. */
export function modelPath({ model, version }: Pick<Question, 'model' | 'version'>, verb: string): string {
  const versioned = version === undefined ? '' : `/versions/${encodeURIComponent(version)}`
  return `/v2/models/${encodeURIComponent(model)}${versioned}${verb === '' ? '' : `/${verb}`}`
}

/**
 * Reads an error response, and holds it against what every one of them promises: JSON with the member
 * `error`, and MLServer's `detail` where the status is 422.
 */
export function readRefusal(response: Response, body: Buffer): Refusal {
  assert.match(response.headers.get('content-type') ?? '', /^application\/json/)
  const { error, detail } = JSON.parse(body.toString()) as { error?: unknown; detail?: unknown }
  assert.equal(typeof error, 'string', 'an error response has a member `error`')
  assert.equal(
    Array.isArray(detail),
    response.status === 422,
    'a 422 has a list `detail`, and nothing else has',
  )
  return { status: response.status, message: error as string, headers: Object.fromEntries(response.headers) }
}

export function readAnswer(
  response: Response,
  json: string,
  outputs: (tensors: readonly JsonTensor[]) => TensorValue[],
): Answer {
  const answer = readJson(json) as JsonAnswer
  return {
    model: answer.model_name,
    version: answer.model_version,
    id: answer.id,
    parameters: answer.parameters ?? {},
    outputs: outputs(answer.outputs),
    headers: Object.fromEntries(response.headers),
  }
}

export async function bodyOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer())
}
