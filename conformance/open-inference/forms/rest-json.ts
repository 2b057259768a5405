import assert from 'node:assert/strict'
import { writeJson } from './exact-json.ts'
import type { Form, Outcome, Question } from './form.ts'
import { bodyOf, type JsonTensor, modelPath, readAnswer, readRefusal } from './rest.ts'
import { type Element, isFloat, type TensorValue } from './tensor-value.ts'

/** Everything in JSON, as `curl` would send it. */
export function restJson(baseUrl: string): Form {
  return {
    name: 'REST JSON',
    protocol: 'rest',
    objection: ({ inputs }) => inputs.map(objectionTo).find(reason => reason !== undefined),
    asAnswered: tensor =>
      isFloat(tensor.datatype) ? { ...tensor, data: tensor.data.map(nullForNotFinite) } : tensor,
    async ask(question, signal): Promise<Outcome> {
      const response = await fetch(new URL(modelPath(question, 'infer'), baseUrl), {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...question.headers },
        body: writeJson(jsonQuestion(question)),
        signal: signal ?? null,
      })
      const body = await bodyOf(response)
      if (!response.ok) return { refusal: readRefusal(response, body) }
      assert.match(response.headers.get('content-type') ?? '', /^application\/json/)
      assert.equal(response.headers.get('inference-header-content-length'), null)
      return { answer: readAnswer(response, body.toString(), tensors => tensors.map(readTensor)) }
    },
  }
}

/** The members of a request, each only where there is something to say. */
export function jsonQuestion({ id, parameters, inputs, outputs }: Question): object {
  return { id, parameters, inputs: inputs.map(writeTensor), outputs }
}

function objectionTo({ datatype, data }: TensorValue): string | undefined {
  if (datatype === 'BF16') return 'JSON numbers are not defined for BF16'
  if (data.some(element => element === Infinity || element === -Infinity)) return 'JSON has no infinity'
  if (data.some(element => element instanceof Uint8Array)) return 'JSON has text, and no bytes'
  return undefined
}

function writeTensor({ datatype, data, ...tensor }: TensorValue): object {
  return { ...tensor, datatype, data: isFloat(datatype) ? data.map(nullForNaN) : data }
}

function nullForNaN(element: Element): Element {
  return Number.isNaN(element) ? null : element
}

function nullForNotFinite(element: Element): Element {
  return typeof element === 'number' && !Number.isFinite(element) ? null : element
}

/** 64-bit integers are bigints in every form, whether they are large or not. */
function readTensor({ data, ...tensor }: JsonTensor): TensorValue {
  assert.ok(Array.isArray(data), `output '${tensor.name}' has no data`)
  const is64Bit = tensor.datatype === 'INT64' || tensor.datatype === 'UINT64'
  return { ...tensor, data: is64Bit ? data.map(element => BigInt(element as number)) : (data as Element[]) }
}
