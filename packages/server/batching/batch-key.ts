import type { InferenceRequest, Parameters, ParameterValue, RequestedOutput, Tensor } from '@millrace/sdk'
import { applicationHeadersKey } from '../base/index.ts'

/** Parameters nest a level or two; whoever sends more is served, but alone. */
const MAX_DEPTH = 16

/**
 * Equal for requests that a model may answer together: all that it could tell them apart by, but for the
 * rows themselves. Each part is on a line of its own, and JSON leaves no line break inside a text.
 * @param parameters those of the request that are for the model
 */
export function batchKey(
  { modelName, modelVersion, inputs, outputs }: InferenceRequest,
  parameters: Parameters | undefined,
  headers: Readonly<{ [name: string]: string }>,
): string {
  let key = `${JSON.stringify([modelName, modelVersion])}\n${applicationHeadersKey(headers)}`
  key += `\n${parameters === undefined ? '' : valueText(parameters, 0)}`
  key += `\n${outputs === undefined ? '' : `[${outputs.map(outputText).join()}]`}`
  for (const input of inputs) key += `\n${inputText(input)}`
  return key
}

/** The first extent that all inputs share; 0 for a request that can only be answered alone. */
export function rowCount({ inputs }: InferenceRequest): number {
  const rows = inputs[0]?.shape[0]
  if (rows === undefined || rows < 1) return 0
  for (const { shape, data } of inputs) {
    if (shape[0] !== rows) return 0
    // Too few elements here would shift everybody else's rows.
    if (data.length !== shape.reduce((count, extent) => count * extent, 1)) return 0
  }
  return rows
}

function inputText({ name, datatype, shape, parameters }: Tensor): string {
  const trailing = shape.length === 1 ? '' : shape.slice(1).join()
  const own = parameters === undefined ? '' : valueText(parameters, 0)
  return `${datatype}[${trailing}]${JSON.stringify(name)}${own}`
}

function outputText({ name, parameters }: RequestedOutput): string {
  return JSON.stringify(name) + (parameters === undefined ? '' : valueText(parameters, 0))
}

let tooDeep = 0

/** Like JSON, but exact: 1, 1n and "1" differ, and so do null and NaN, or 0 and -0. */
function valueText(value: ParameterValue | undefined, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value)
  if (typeof value !== 'object' || value === null) return String(value)
  // Unlike the text of any other value.
  if (depth === MAX_DEPTH) return `#${++tooDeep}`
  if (isList(value)) return `[${value.map(item => valueText(item, depth + 1)).join()}]`
  const members = Object.entries(value).map(
    ([name, item]) => `${JSON.stringify(name)}:${valueText(item, depth + 1)}`,
  )
  return `{${members.join()}}`
}

/** `Array.isArray` does not know lists that are read-only. */
function isList(value: object): value is readonly ParameterValue[] {
  return Array.isArray(value)
}
