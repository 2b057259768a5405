import assert from 'node:assert/strict'
import { packElements, toBytes, unpackElements } from './element-bytes.ts'
import type { Answer, Question } from './form.ts'
import type { Element, Parameters, ParameterValue, TensorValue } from './tensor-value.ts'

/** One InferParameter as protobufjs reads and writes it; 64-bit integers are text. */
export type ParameterMessage = Partial<
  Record<
    'bool_param' | 'int64_param' | 'string_param' | 'double_param' | 'uint64_param',
    boolean | number | string
  >
>

export interface TensorMessage {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly (string | number)[]
  readonly parameters?: Readonly<Record<string, ParameterMessage>>
  readonly contents?: Readonly<Record<string, readonly Element[]>> | null
}

export interface ResponseMessage {
  readonly model_name: string
  readonly model_version: string
  readonly id: string
  readonly parameters: Readonly<Record<string, ParameterMessage>>
  readonly outputs: readonly TensorMessage[]
  readonly raw_output_contents: readonly Buffer[]
}

/** The field of InferTensorContents by datatype; FP16 and BF16 have none. */
const CONTENTS_FIELD: Readonly<Record<string, string>> = {
  BOOL: 'bool_contents',
  UINT8: 'uint_contents',
  UINT16: 'uint_contents',
  UINT32: 'uint_contents',
  UINT64: 'uint64_contents',
  INT8: 'int_contents',
  INT16: 'int_contents',
  INT32: 'int_contents',
  INT64: 'int64_contents',
  FP32: 'fp32_contents',
  FP64: 'fp64_contents',
  BYTES: 'bytes_contents',
}

/** A ModelInferRequest with typed or raw contents. */
export function requestMessage(question: Question, isRaw: boolean): object {
  const { model, version = '', id = '', parameters, inputs, outputs = [] } = question
  return {
    model_name: model,
    model_version: version,
    id,
    parameters: parameterMessages(parameters),
    inputs: inputs.map(input => tensorMessage(input, isRaw)),
    outputs: outputs.map(output => ({ name: output.name, parameters: parameterMessages(output.parameters) })),
    raw_input_contents: isRaw ? inputs.map(({ datatype, data }) => packElements(datatype, data)) : [],
  }
}

function tensorMessage(
  { name, datatype, shape, data, parameters }: TensorValue,
  isRaw: boolean,
): TensorMessage {
  const head = { name, datatype, shape, parameters: parameterMessages(parameters) }
  if (isRaw) return head
  const field = CONTENTS_FIELD[datatype] ?? 'int_contents'
  return { ...head, contents: { [field]: data.map(datatype === 'BYTES' ? toBytes : toField) } }
}

/** protobufjs takes 64-bit integers as text. */
function toField(element: Element): Element {
  return typeof element === 'bigint' ? String(element) : element
}

function parameterMessages(parameters: Parameters = {}): Record<string, ParameterMessage> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, parameterMessage(value)]),
  )
}

function parameterMessage(value: ParameterValue): ParameterMessage {
  if (typeof value === 'boolean') return { bool_param: value }
  if (typeof value === 'string') return { string_param: value }
  if (typeof value === 'bigint')
    return { [value > 0x7fff_ffff_ffff_ffffn ? 'uint64_param' : 'int64_param']: String(value) }
  if (typeof value === 'number')
    return Number.isInteger(value) ? { int64_param: value } : { double_param: value }
  throw new Error('gRPC has no parameter of this kind; the form should have objected')
}

/** A ModelInferResponse, which must be in the form that was asked in. */
export function readResponse(message: ResponseMessage, isRaw: boolean, headers: Answer['headers']): Answer {
  const { outputs, raw_output_contents: raw } = message
  // What has no field of its own goes raw, and then everything does.
  const mustBeRaw = isRaw || outputs.some(({ datatype }) => CONTENTS_FIELD[datatype] === undefined)
  assert.equal(raw.length, mustBeRaw ? outputs.length : 0, 'the answer is in the form that was asked in')
  return {
    model: message.model_name,
    version: message.model_version === '' ? undefined : message.model_version,
    id: message.id === '' ? undefined : message.id,
    parameters: readParameters(message.parameters),
    outputs: outputs.map((output, index) => readTensor(output, mustBeRaw ? raw[index] : undefined)),
    headers,
  }
}

function readTensor(tensor: TensorMessage, raw: Buffer | undefined): TensorValue {
  const { name, datatype, contents } = tensor
  const head = {
    name,
    datatype,
    shape: tensor.shape.map(Number),
    parameters: readParameters(tensor.parameters),
  }
  if (raw !== undefined) {
    assert.equal(contents, null, `output '${name}' has contents beside its raw bytes`)
    return { ...head, data: unpackElements(datatype, raw) }
  }
  const filled = Object.entries(contents ?? {}).filter(([, elements]) => elements.length > 0)
  const field = CONTENTS_FIELD[datatype]!
  assert.deepEqual(
    filled.map(([name]) => name),
    filled.length === 0 ? [] : [field],
  )
  const is64Bit = datatype === 'INT64' || datatype === 'UINT64'
  const elements = filled[0]?.[1] ?? []
  return { ...head, data: is64Bit ? elements.map(element => BigInt(element as string)) : elements }
}

export function readParameters(messages: TensorMessage['parameters'] = {}): Parameters {
  return Object.fromEntries(Object.entries(messages).map(([name, message]) => [name, readParameter(message)]))
}

function readParameter(message: ParameterMessage): ParameterValue {
  const { bool_param, int64_param, string_param, double_param, uint64_param } = message
  const integer = int64_param ?? uint64_param
  if (integer !== undefined) {
    const exact = BigInt(integer)
    return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact
  }
  const value = bool_param ?? string_param ?? double_param
  assert.notEqual(value, undefined, 'a parameter is of some kind')
  return value!
}
