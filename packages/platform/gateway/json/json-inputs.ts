import { allowedValues, describeValue, formatShape, type Shape, type Tensor } from '@millrace/sdk'
import { badRequest } from '../gateway-failure.ts'
import type { SignatureSide, TensorField } from '../signature-side.ts'
import { type ElementConverter, elementConverter } from './element-converters.ts'
import { flatten, MAX_DEPTH } from './flatten.ts'
import { type JsonMembers, readJsonObject } from './read-body.ts'

/** Mistakes that one answer tells of; the others are counted. */
const SHOWN_MISTAKES = 20

/**
 * Makes tensors of a JSON body by a signature: an object with a member for each input; members of other names are ignored.
 * @throws GatewayFailure INVALID_ARGUMENT with all mistakes of the body; UNIMPLEMENTED for a signature that cannot be
 * predicted with
 */
export type JsonInputs = (body: Uint8Array) => readonly Tensor[]

/** Prepares for each field how its elements are made and how its shape follows. */
export function compileJsonInputs(signatureName: string, { fields, refusal }: SignatureSide): JsonInputs {
  if (refusal !== null) {
    return () => {
      throw refusal
    }
  }
  const readers = fields.map(field => ({ name: field.name, read: fieldReader(field) }))
  const isExact = fields.some(({ datatype }) => datatype === 'INT64' || datatype === 'UINT64')
  return body => {
    const members: JsonMembers = readJsonObject(body, isExact)
    const mistakes = new Mistakes()
    const tensors: Tensor[] = []
    for (const { name, read } of readers) {
      if (!Object.hasOwn(members, name)) {
        mistakes.add(`Missing '${name}' field`)
        continue
      }
      const tensor = read(members[name], mistakes)
      if (tensor !== undefined) tensors.push(tensor)
    }
    mistakes.throwIfAny(signatureName)
    return tensors
  }
}

class Mistakes {
  readonly #shown: string[] = []
  #count = 0

  get isFull(): boolean {
    return this.#shown.length >= SHOWN_MISTAKES
  }

  add(message: string): void {
    this.#count++
    if (!this.isFull) this.#shown.push(message)
  }

  throwIfAny(signatureName: string): void {
    if (this.#count === 0) return
    const rest = this.#count - this.#shown.length
    const messages = rest > 0 ? [...this.#shown, `and ${rest} more`] : this.#shown
    throw badRequest(`Signature '${signatureName}' validation errors: ${messages.join('; ')}`)
  }
}

type FieldReader = (value: unknown, mistakes: Mistakes) => Tensor | undefined

function fieldReader(field: TensorField): FieldReader {
  const { name, dtype, datatype } = field
  const convert: ElementConverter = elementConverter(datatype)
  const shapeOf = shapeRule(field.shape)
  const allowed = allowedValues(datatype)
  return (value, mistakes) => {
    const flat = flatten(value)
    if (flat === undefined) {
      mistakes.add(`Field '${name}' has arrays nested deeper than ${MAX_DEPTH} levels`)
      return undefined
    }
    const { values } = flat
    const data = convert(values, (index, found) => {
      const place = values.length === 1 ? '' : `, element ${index}`
      // Describing a million wrong elements would take longer than all else.
      const text = mistakes.isFull ? '' : `Field '${name}'${place}: ${describeValue(found)} is not ${allowed}`
      mistakes.add(text === '' ? text : `${text} (incompatible data type ${dtype})`)
    })
    const shape = shapeOf(values.length, flat.shape)
    if (typeof shape === 'string') {
      mistakes.add(`Incompatible shape for '${name}': ${shape}`)
      return undefined
    }
    // The data has just been made for this datatype, which the compiler cannot see.
    return data === undefined ? undefined : ({ name, datatype, shape, data } as Tensor)
  }
}

/** The shape that a number of values has, or what does not fit. */
type ShapeRule = (count: number, nesting: Shape | undefined) => Shape | string

function shapeRule(declared: Shape | null): ShapeRule {
  if (declared === null) {
    return (_count, nesting) => nesting ?? 'the arrays are ragged; each of a level needs the same length'
  }
  const free = declared.filter(extent => extent === -1).length
  const fixed = declared.reduce((product, extent) => (extent === -1 ? product : product * extent), 1)
  const expected = formatShape(declared)
  if (free === 0) {
    return count => (count === fixed ? declared : `${counted(count)}; expected ${fixed} for ${expected}`)
  }
  if (free > 1) {
    return (count, nesting) =>
      nesting !== undefined && fits(nesting, declared)
        ? nesting
        : `${counted(count)} in arrays of ${nesting === undefined ? 'different lengths' : formatShape(nesting)}; expected arrays nested as ${expected}, because more than one extent is open`
  }
  return count => {
    const extent = fixed === 0 ? 0 : count / fixed
    if (fixed === 0 ? count !== 0 : !Number.isInteger(extent)) {
      return `${counted(count)}; expected a multiple of ${fixed} for ${expected}`
    }
    return declared.map(size => (size === -1 ? extent : size))
  }
}

function fits(shape: Shape, declared: Shape): boolean {
  return (
    shape.length === declared.length &&
    shape.every((extent, axis) => declared[axis] === -1 || declared[axis] === extent)
  )
}

function counted(count: number): string {
  return count === 1 ? '1 value' : `${count} values`
}
