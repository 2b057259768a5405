import { type BytesArray, bf16ToFloat32, type Tensor } from '@millrace/sdk'
import type { HydrosphereValue } from '@millrace/sdk/protocol'
import { shortestDouble } from './shortest-double.ts'

// A byte order mark is part of the text, and what is no text is shown as well as it can be.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * Writes values as one JSON object: arrays nested by the shape, scalars bare, groups as objects. NaN and the infinities become null, integers
 * of 64 bits keep all their digits, and bytes are shown as the text that they are.
 */
export function writeJsonOutputs(values: readonly HydrosphereValue[]): Uint8Array {
  return Buffer.from(JSON.stringify(objectOf(values)))
}

function objectOf(members: readonly HydrosphereValue[]): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  for (const member of members) {
    const { name, shape } = member
    const values = member.datatype === undefined ? member.objects.map(objectOf) : plainValues(member)
    const value = shape.length === 0 ? values[0] : nest(values, shape)
    // Assigning to `__proto__` would exchange the prototype.
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
  }
  return object
}

function plainValues(tensor: Tensor): readonly unknown[] {
  switch (tensor.datatype) {
    case 'BYTES':
      return texts(tensor.data)
    case 'BOOL':
      return Array.from(tensor.data, element => element !== 0)
    case 'INT64':
    case 'UINT64':
      return Array.from(tensor.data, exactNumber)
    case 'FP16':
    case 'FP32':
      return Array.from(tensor.data, shortestDouble)
    case 'BF16':
      return Array.from(bf16ToFloat32(tensor.data), shortestDouble)
    default:
      return Array.from(tensor.data)
  }
}

function texts(data: BytesArray): string[] {
  return Array.from(data, element => decoder.decode(element))
}

/** The engine's way to write digits that no number holds. */
const { rawJSON } = JSON as unknown as { readonly rawJSON: (digits: string) => unknown }

function exactNumber(value: bigint): unknown {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : rawJSON(value.toString())
}

/** Arrays without anything in them that are still written one by one. */
const MAX_EMPTY_ARRAYS = 10_000

function emptyArrays(shape: readonly number[]): number {
  return shape.slice(0, shape.indexOf(0)).reduce((product, extent) => product * extent, 1)
}

function nest(values: readonly unknown[], shape: readonly number[]): readonly unknown[] {
  // A tensor without elements may claim any number of rows.
  if (values.length === 0 && emptyArrays(shape) > MAX_EMPTY_ARRAYS) return []
  let level = values
  for (let axis = shape.length - 1; axis > 0; axis--) {
    const extent = shape[axis]!
    let count = 1
    for (let outer = 0; outer < axis; outer++) count *= shape[outer]!
    const inner = level
    level = Array.from({ length: count }, (_, index) => inner.slice(index * extent, (index + 1) * extent))
  }
  return level
}
