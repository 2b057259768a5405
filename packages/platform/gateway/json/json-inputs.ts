import { allowedValues, describeValue } from '@millrace/sdk'
import { GROUP_LIMITS, type HydrosphereGroup, type HydrosphereValue } from '@millrace/sdk/protocol'
import { badRequest } from '../gateway-failure.ts'
import type { GroupField, SideField, SignatureSide, TensorField } from '../signature-side.ts'
import { type ElementConverter, elementConverter } from './element-converters.ts'
import { flatten, MAX_DEPTH } from './flatten.ts'
import { JsonMistakes } from './json-mistakes.ts'
import { type JsonMembers, readJsonObject } from './read-body.ts'
import { shapeRule } from './shape-rule.ts'

/**
 * Makes tensors and groups of a JSON body by a signature: an object with a member for each input, in which a group is an
 * object of its own, or arrays of them; members of other names are ignored.
 * @throws GatewayFailure INVALID_ARGUMENT with all mistakes of the body; UNIMPLEMENTED for a signature that cannot be
 * predicted with
 */
export type JsonInputs = (body: Uint8Array) => readonly HydrosphereValue[]

/** Prepares for each field how its elements are made and how its shape follows. */
export function compileJsonInputs(signatureName: string, { fields, refusal }: SignatureSide): JsonInputs {
  if (refusal !== null) {
    return () => {
      throw refusal
    }
  }
  const readers = fieldReaders(fields)
  const isExact = fields.some(hasLongIntegers)
  return body => {
    const members: JsonMembers = readJsonObject(body, isExact)
    const reading: Reading = { mistakes: new JsonMistakes(), memberCount: 0 }
    const values: HydrosphereValue[] = []
    for (const { name, read } of readers) {
      if (!Object.hasOwn(members, name)) {
        reading.mistakes.add(`Missing '${name}' field`)
        continue
      }
      const value = read(members[name], name, reading)
      if (value !== undefined) values.push(value)
    }
    reading.mistakes.throwIfAny(signatureName)
    return values
  }
}

/** What the readers of one body share. */
interface Reading {
  readonly mistakes: JsonMistakes
  /** Of all groups. */
  memberCount: number
}

/** @param path for messages: the name, behind those of the groups around it */
type FieldReader = (value: unknown, path: string, reading: Reading) => HydrosphereValue | undefined

interface NamedReader {
  readonly name: string
  readonly read: FieldReader
}

function fieldReaders(fields: readonly SideField[]): readonly NamedReader[] {
  return fields.map(field => ({
    name: field.name,
    read: field.datatype === undefined ? groupReader(field) : tensorReader(field),
  }))
}

function hasLongIntegers(field: SideField): boolean {
  if (field.datatype === undefined) return field.subfields.some(hasLongIntegers)
  return field.datatype === 'INT64' || field.datatype === 'UINT64'
}

function groupReader({ name, shape: declared, subfields }: GroupField): FieldReader {
  const readers = fieldReaders(subfields)
  const shapeOf = shapeRule(declared)
  const names = subfields.map(field => field.name).join(', ')
  return (value, path, reading) => {
    const { mistakes } = reading
    const flat = flatten(value)
    if (flat === undefined) {
      mistakes.add(tooDeep(path))
      return undefined
    }
    const isOne = !Array.isArray(value)
    const objects = flat.values.map((object, index) => {
      const prefix = isOne ? path : `${path}[${index}]`
      if (isObject(object)) return readMembers(object, prefix, readers, reading)
      mistakes.add(
        mistakes.isFull ? '' : `Field '${prefix}': ${describeValue(object)} is not an object with ${names}`,
      )
      return []
    })
    const shape = shapeOf(objects.length, flat.shape)
    if (typeof shape !== 'string') return { name, shape, objects } satisfies HydrosphereGroup
    mistakes.add(`Incompatible shape for '${path}': ${shape}`)
    return undefined
  }
}

function readMembers(
  object: JsonMembers,
  prefix: string,
  readers: readonly NamedReader[],
  reading: Reading,
): readonly HydrosphereValue[] {
  const values: HydrosphereValue[] = []
  reading.memberCount += readers.length
  if (reading.memberCount > GROUP_LIMITS.members) {
    throw badRequest(`the nested fields of the body have more than ${GROUP_LIMITS.members} members`)
  }
  for (const { name, read } of readers) {
    const path = `${prefix}.${name}`
    if (!Object.hasOwn(object, name)) {
      reading.mistakes.add(`Missing '${path}' field`)
      continue
    }
    const value = read(object[name], path, reading)
    if (value !== undefined) values.push(value)
  }
  return values
}

function isObject(value: unknown): value is JsonMembers {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function tensorReader(field: TensorField): FieldReader {
  const { name, dtype, datatype } = field
  const convert: ElementConverter = elementConverter(datatype)
  const shapeOf = shapeRule(field.shape)
  const allowed = allowedValues(datatype)
  return (value, path, { mistakes }) => {
    const flat = flatten(value)
    if (flat === undefined) {
      mistakes.add(tooDeep(path))
      return undefined
    }
    const { values } = flat
    const data = convert(values, (index, found) => {
      const place = values.length === 1 ? '' : `, element ${index}`
      // Describing a million wrong elements would take longer than all else.
      const text = mistakes.isFull ? '' : `Field '${path}'${place}: ${describeValue(found)} is not ${allowed}`
      mistakes.add(text === '' ? text : `${text} (incompatible data type ${dtype})`)
    })
    const shape = shapeOf(values.length, flat.shape)
    if (typeof shape === 'string') {
      mistakes.add(`Incompatible shape for '${path}': ${shape}`)
      return undefined
    }
    // The data has just been made for this datatype, which the compiler cannot see.
    return data === undefined ? undefined : ({ name, datatype, shape, data } as HydrosphereValue)
  }
}

function tooDeep(path: string): string {
  return `Field '${path}' has arrays nested deeper than ${MAX_DEPTH} levels`
}
