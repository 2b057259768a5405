import assert from 'node:assert/strict'
import { packElements, unpackElements } from './element-bytes.ts'
import { writeJson } from './exact-json.ts'
import type { Form, Outcome, Question } from './form.ts'
import { bodyOf, type JsonTensor, modelPath, readAnswer, readRefusal } from './rest.ts'
import type { Element, Parameters, TensorValue } from './tensor-value.ts'

const LENGTH_HEADER = 'inference-header-content-length'

/** JSON with every tensor as bytes behind it, both ways, as Triton's client sends it. */
export function restBinary(baseUrl: string): Form {
  return {
    name: 'REST binary',
    protocol: 'rest',
    objection: ({ inputs }) =>
      inputs.some(({ data }) => data.some(Array.isArray)) ? 'bytes are not nested' : undefined,
    asAnswered: tensor => tensor,
    async ask(question, signal): Promise<Outcome> {
      const { json, chunks } = binaryQuestion(question)
      const response = await fetch(new URL(modelPath(question, 'infer'), baseUrl), {
        method: 'POST',
        headers: {
          'content-type': 'application/octet-stream',
          [LENGTH_HEADER]: String(json.length),
          ...question.headers,
        },
        body: Buffer.concat([json, ...chunks]),
        signal: signal ?? null,
      })
      const body = await bodyOf(response)
      if (!response.ok) return { refusal: readRefusal(response, body) }
      return { answer: withoutSwitch(readBinaryAnswer(response, body)) }
    },
  }
}

function binaryQuestion({ id, parameters, inputs, outputs }: Question): { json: Buffer; chunks: Buffer[] } {
  const chunks = inputs.map(({ datatype, data }) => packElements(datatype, data))
  const heads = inputs.map(({ name, shape, datatype, parameters }, index) => ({
    name,
    shape,
    datatype,
    parameters: { ...parameters, binary_data_size: chunks[index]!.length },
  }))
  const json = { id, parameters: { ...parameters, binary_data_output: true }, inputs: heads, outputs }
  return { json: Buffer.from(writeJson(json)), chunks }
}

/** Reads a response whose outputs are bytes, or JSON, or some of each. */
export function readBinaryAnswer(response: Response, body: Buffer) {
  const length = response.headers.get(LENGTH_HEADER)
  if (length === null) {
    return readAnswer(response, body.toString(), tensors => tensors.map(tensor => ({ data: [], ...tensor })))
  }
  assert.equal(response.headers.get('content-type'), 'application/octet-stream')
  const jsonLength = Number(length)
  let offset = jsonLength
  const take = (sizeBytes: number) => body.subarray(offset, (offset += sizeBytes))
  const answer = readAnswer(response, body.subarray(0, jsonLength).toString(), tensors =>
    tensors.map(tensor => readTensor(tensor, take)),
  )
  assert.equal(offset, body.length, 'the body ends with the last chunk')
  return answer
}

function readTensor(
  { data, parameters = {}, ...tensor }: JsonTensor,
  take: (sizeBytes: number) => Buffer,
): TensorValue {
  const { binary_data_size: sizeBytes, ...rest } = parameters
  if (sizeBytes === undefined) return { ...tensor, parameters: rest, data: data as readonly Element[] }
  assert.equal(data, undefined, `output '${tensor.name}' has data beside its bytes`)
  return { ...tensor, parameters: rest, data: unpackElements(tensor.datatype, take(sizeBytes as number)) }
}

/** This form has added the switch itself; models that answer with their parameters send it back. */
function withoutSwitch<A extends { readonly parameters: Parameters }>(answer: A): A {
  const { binary_data_output: _, ...parameters } = answer.parameters
  return { ...answer, parameters }
}
