import { ServingError } from '../../errors/index.ts'
import { WireReader } from '../protobuf/wire-reader.ts'
import { LENGTH_DELIMITED } from '../protobuf/wire-types.ts'

/** Where in a protobuf message a text stands: numbers of fields from the outside in, `[1]` or `[2, 1]`. */
export type IdPath = readonly number[]

const MAX_DEPTH = 16
const MAX_FIELD_NUMBER = 2 ** 29 - 1

/** @throws ServingError INVALID_ARGUMENT beginning with `subject` for what is no path */
export function checkIdPath(path: IdPath, subject: string): void {
  const isSound =
    path.length > 0 &&
    path.length <= MAX_DEPTH &&
    path.every(number => Number.isInteger(number) && number >= 1 && number <= MAX_FIELD_NUMBER)
  if (isSound) return
  throw new ServingError(
    'INVALID_ARGUMENT',
    `${subject} is ${JSON.stringify(path)}; it must be 1 to ${MAX_DEPTH} numbers of fields, each from 1 to ${MAX_FIELD_NUMBER}`,
  )
}

/**
 * Reads the text at a path of a message that is not decoded otherwise. Of several it is the last, as for every decoder.
 * '' if there is none.
 * @throws ServingError INVALID_ARGUMENT for what is no protobuf message, or has something else there
 */
export function readId(message: Uint8Array, path: IdPath): string {
  const reader = new WireReader(message)
  return readBelow(reader, path, 0) ?? ''
}

function readBelow(reader: WireReader, path: IdPath, depth: number): string | undefined {
  let found: string | undefined
  while (reader.offset < reader.limit) {
    const start = reader.offset
    const tag = reader.tag()
    if (tag >>> 3 !== path[depth]) reader.skip(tag)
    else {
      checkType(reader, tag, start)
      if (depth === path.length - 1) found = reader.text()
      else {
        const outer = reader.enter()
        found = readBelow(reader, path, depth + 1) ?? found
        reader.limit = outer
      }
    }
  }
  return found
}

/**
 * The message with `id` at a path, wherever the path leads: a decoder that takes another one of several finds the same.
 * What is missing of the path is added behind the rest. All other bytes stay as they are.
 * @throws ServingError INVALID_ARGUMENT for what is no protobuf message, or has something else there
 */
export function writeId(message: Uint8Array, path: IdPath, id: string): Uint8Array {
  const reader = new WireReader(message)
  const text = Buffer.from(id)
  const isThere = readBelow(reader, path, 0) !== undefined
  reader.seek(0, message.length)
  return Buffer.concat(isThere ? replaced(reader, path, 0, text) : inserted(reader, path, 0, text))
}

/** Every occurrence exchanged. */
function replaced(reader: WireReader, path: IdPath, depth: number, id: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = []
  while (reader.offset < reader.limit) {
    const start = reader.offset
    const tag = reader.tag()
    if (tag >>> 3 !== path[depth]) {
      reader.skip(tag)
      pieces.push(reader.bytes.subarray(start, reader.offset))
    } else if (depth === path.length - 1) {
      reader.view()
      pieces.push(...field(path[depth], [id]))
    } else {
      const outer = reader.enter()
      pieces.push(...field(path[depth], replaced(reader, path, depth + 1, id)))
      reader.limit = outer
    }
  }
  return pieces
}

/** Added to the last of its parents, or behind with a parent of its own. */
function inserted(reader: WireReader, path: IdPath, depth: number, id: Uint8Array): Uint8Array[] {
  const { offset: begin, limit } = reader
  let parent: { readonly start: number; readonly inner: number; readonly end: number } | undefined
  while (reader.offset < limit) {
    const start = reader.offset
    const tag = reader.tag()
    if (tag >>> 3 === path[depth]) {
      const outer = reader.enter()
      parent = { start, inner: reader.offset, end: reader.limit }
      reader.seek(reader.limit, outer)
    } else reader.skip(tag)
  }
  const { bytes } = reader
  if (parent === undefined) return [bytes.subarray(begin, limit), ...newFields(path, depth, id)]
  reader.seek(parent.inner, parent.end)
  return [
    bytes.subarray(begin, parent.start),
    ...field(path[depth], inserted(reader, path, depth + 1, id)),
    bytes.subarray(parent.end, limit),
  ]
}

function newFields(path: IdPath, depth: number, id: Uint8Array): Uint8Array[] {
  return field(path[depth], depth === path.length - 1 ? [id] : newFields(path, depth + 1, id))
}

function field(number: number | undefined, content: readonly Uint8Array[]): Uint8Array[] {
  const length = content.reduce((total, piece) => total + piece.length, 0)
  return [Uint8Array.from([...varint((number! << 3) | LENGTH_DELIMITED), ...varint(length)]), ...content]
}

/** Unsigned, of 32 bits. */
function varint(value: number): readonly number[] {
  const bytes: number[] = []
  let rest = value >>> 0
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  bytes.push(rest)
  return bytes
}

function checkType(reader: WireReader, tag: number, offset: number): void {
  if ((tag & 7) === LENGTH_DELIMITED) return
  throw reader.failure(
    `field ${tag >>> 3} has wire type ${tag & 7}; a model's name or what holds it has 2`,
    offset,
  )
}
