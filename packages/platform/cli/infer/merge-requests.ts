import {
  BytesArray,
  dataBytes,
  type InferenceRequest,
  type InferenceResponse,
  type Tensor,
  tensorFromBytes,
} from '@millrace/sdk'
import type { LineRequest } from './line-request.ts'

/**
 * What requests must have in common to become one: names, datatypes and trailing extents of the inputs,
 * every parameter, and the outputs they ask for.
 * @returns undefined for a request that no other can join: without inputs, without rows, or with inputs of
 * different rows
 */
export function mergeKey({ inputs, parameters, outputs }: InferenceRequest): string | undefined {
  const [first] = inputs
  const rows = first?.shape[0]
  if (rows === undefined || inputs.some(({ shape }) => shape[0] !== rows)) return undefined
  if (new Set(inputs.map(({ name }) => name)).size < inputs.length) return undefined
  const heads = inputs
    .map(({ name, datatype, shape, parameters: own }) => [name, datatype, shape.slice(1), ordered(own ?? {})])
    .toSorted(([left], [right]) => (String(left) < String(right) ? -1 : 1))
  const wanted = (outputs ?? []).map(({ name, parameters: own }) => [name, ordered(own ?? {})])
  return JSON.stringify([heads, ordered(parameters ?? {}), wanted])
}

/** Groups of requests that can be sent as one, in the order of their first lines. */
export function mergeableGroups(lines: readonly LineRequest[]): readonly (readonly LineRequest[])[] {
  const groups: LineRequest[][] = []
  const byKey = new Map<string, LineRequest[]>()
  for (const line of lines) {
    const key = mergeKey(line.request)
    const group = key === undefined ? undefined : byKey.get(key)
    if (group !== undefined) {
      group.push(line)
      continue
    }
    const fresh = [line]
    groups.push(fresh)
    if (key !== undefined) byKey.set(key, fresh)
  }
  return groups
}

/** One request with the rows of all, in order. They must have the same {@link mergeKey}. */
export function mergeRequests(lines: readonly LineRequest[], id: string): InferenceRequest {
  const { request } = lines[0]!
  const inputs = request.inputs.map(input => {
    const parts = lines.map(line => line.request.inputs.find(({ name }) => name === input.name)!)
    const rows = parts.reduce((sum, { shape }) => sum + shape[0]!, 0)
    const pieces = parts.map(({ data }) => dataBytes(data))
    const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
    let offset = 0
    for (const piece of pieces) {
      bytes.set(piece, offset)
      offset += piece.length
    }
    const shape = [rows, ...input.shape.slice(1)]
    return tensorFromBytes(input.name, input.datatype, shape, bytes, input.parameters)
  })
  return { ...request, id, inputs }
}

/**
 * Each line's share of the answer to {@link mergeRequests}: the rows that stand where its own stood.
 * @returns undefined if an output has other rows than the request: nobody can say whose they are
 */
export function splitResponse(
  response: InferenceResponse,
  lines: readonly LineRequest[],
): readonly InferenceResponse[] | undefined {
  const rows = lines.map(({ request }) => request.inputs[0]!.shape[0]!)
  const total = rows.reduce((sum, count) => sum + count, 0)
  if (response.outputs.some(({ shape }) => shape[0] !== total)) return undefined
  let start = 0
  return rows.map(count => {
    const from = start
    start += count
    return { ...response, outputs: response.outputs.map(output => rowsOf(output, from, start)) }
  })
}

function rowsOf(output: Tensor, from: number, to: number): Tensor {
  const { shape, data } = output
  const size = shape.slice(1).reduce((product, extent) => product * extent, 1)
  const part = BytesArray.is(data)
    ? data.slice(from * size, to * size)
    : data.subarray(from * size, to * size)
  // A part of an array is of the same kind as the array.
  return { ...output, shape: [to - from, ...shape.slice(1)], data: part } as Tensor
}

/** The same object whichever way its members are ordered, with integers of any size. */
function ordered(value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(ordered)
  return Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, member]) => [name, ordered(member)])
}
