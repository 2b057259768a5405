import type { TensorSpec } from '../contract/index.ts'
import { ServingError } from '../errors/index.ts'
import { describeValue, isDatatype, type Parameters } from '../tensor/index.ts'
import type { ModelMetadata } from './inference-client.ts'

/** Metadata as a server sends them, whose every member may be anything. */
export interface MetadataView {
  readonly name?: unknown
  readonly versions?: unknown
  readonly platform?: unknown
  readonly inputs?: unknown
  readonly outputs?: unknown
}

/**
 * Checks what a server says of a model.
 * @throws ServingError INTERNAL naming the member and what is wrong with it
 */
export function readMetadata(view: unknown): ModelMetadata {
  if (typeof view !== 'object' || view === null) throw wrong('they are', view, 'an object')
  const { name, versions, platform, inputs, outputs } = view as MetadataView
  if (typeof name !== 'string') throw wrong('name is', name, 'text')
  const list = versions ?? []
  if (!Array.isArray(list)) throw wrong('versions is', versions, 'a list')
  return {
    name,
    versions: list.map(String),
    platform: typeof platform === 'string' ? platform : '',
    inputs: readSpecs('inputs', inputs ?? []),
    outputs: readSpecs('outputs', outputs ?? []),
  }
}

function readSpecs(member: string, value: unknown): readonly TensorSpec[] {
  if (!Array.isArray(value)) throw wrong(`${member} is`, value, 'a list')
  return value.map((item: unknown, index) => {
    const place = `${member}[${index}]`
    if (typeof item !== 'object' || item === null) throw wrong(`${place} is`, item, 'an object')
    const { name, datatype, shape, parameters } = item as Readonly<Record<string, unknown>>
    if (typeof name !== 'string') throw wrong(`${place}.name is`, name, 'text')
    if (!isDatatype(datatype)) throw wrong(`${place}.datatype is`, datatype, 'a datatype of the protocol')
    if (!Array.isArray(shape)) throw wrong(`${place}.shape is`, shape, 'a list')
    const extents = shape.map(Number)
    const odd = extents.findIndex(extent => !Number.isSafeInteger(extent) || extent < -1)
    if (odd !== -1) throw wrong(`${place}.shape[${odd}] is`, shape[odd], 'an integer of at least -1')
    const isObject = typeof parameters === 'object' && parameters !== null
    const all = isObject ? (parameters as Parameters) : {}
    const contentType = all['content_type']
    return {
      name,
      datatype,
      shape: extents,
      ...(typeof contentType === 'string' ? { contentType } : {}),
      ...(isObject ? { parameters: all } : {}),
    }
  })
}

function wrong(what: string, value: unknown, allowed: string): ServingError {
  return new ServingError(
    'INTERNAL',
    `the server's metadata cannot be used: ${what} ${describeValue(value)}; expected ${allowed}`,
  )
}
