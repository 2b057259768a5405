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

/** How a client gives the elements of a datatype the exact values that their text stands for. */
const READ_ELEMENT: Readonly<Record<string, (element: number) => Element>> = {
  INT64: BigInt,
  UINT64: BigInt,
  // Numbers are written with as many digits as tell them from their neighbours in their own datatype.
  FP16: Math.f16round,
  FP32: Math.fround,
}

function readTensor({ data, ...tensor }: JsonTensor): TensorValue {
  assert.ok(Array.isArray(data), `output '${tensor.name}' has no data`)
  const read = READ_ELEMENT[tensor.datatype]
  const elements = data as readonly Element[]
  return {
    ...tensor,
    data:
      read === undefined
        ? elements
        : elements.map(element => (element === null ? null : read(element as number))),
  }
}
