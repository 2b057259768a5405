import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/** Field numbers of onnx.proto that lead from a model to the shape of an input or output. */
const MODEL_GRAPH = 7
const GRAPH_INPUT = 11
const GRAPH_OUTPUT = 12
const VALUE_NAME = 1
const VALUE_TYPE = 2
const TYPE_TENSOR = 1
const TENSOR_SHAPE = 2

/** A length-delimited protobuf field: what it is and where in the file its content lies. */
interface Field {
  readonly number: number
  readonly start: number
  readonly end: number
}

/**
 * The names of those inputs and outputs for which an ONNX file declares a shape, be it a scalar's.
 * Reads only the heads of fields, not the weights between them.
 * @param path a file that ONNX Runtime has already accepted
 */
export function readShapedNames(path: string): ReadonlySet<string> {
  const file = openSync(path, 'r')
  try {
    const names = new Set<string>()
    const model: Field = { number: 0, start: 0, end: fstatSync(file).size }
    for (const graph of fields(file, model, MODEL_GRAPH)) {
      for (const value of fields(file, graph, GRAPH_INPUT, GRAPH_OUTPUT)) {
        if (hasShape(file, value)) names.add(readName(file, value))
      }
    }
    return names
  } finally {
    closeSync(file)
  }
}

function hasShape(file: number, value: Field): boolean {
  for (const type of fields(file, value, VALUE_TYPE)) {
    for (const tensor of fields(file, type, TYPE_TENSOR)) {
      for (const _shape of fields(file, tensor, TENSOR_SHAPE)) return true
    }
  }
  return false
}

function readName(file: number, value: Field): string {
  for (const { start, end } of fields(file, value, VALUE_NAME)) {
    const text = Buffer.alloc(end - start)
    readSync(file, text, 0, text.length, start)
    return text.toString()
  }
  return ''
}

/** The length-delimited fields of a message that have one of the wanted numbers. */
function* fields(file: number, message: Field, ...wanted: readonly number[]): Generator<Field> {
  // A key and a length, each a varint of at most ten bytes.
  const head = Buffer.alloc(20)
  let position = message.start
  while (position < message.end) {
    readSync(file, head, 0, head.length, position)
    const key = readVarint(head, 0)
    const value = readVarint(head, key.next)
    const number = Math.floor(key.value / 8)
    const start = position + value.next
    switch (key.value % 8) {
      case 0:
        position = start
        break
      case 1:
        position += key.next + 8
        break
      case 2:
        if (wanted.includes(number)) yield { number, start, end: start + value.value }
        position = start + value.value
        break
      case 5:
        position += key.next + 4
        break
      default:
        throw new Error(`protobuf wire type ${key.value % 8} at byte ${position} is not one that ONNX uses`)
    }
  }
}

/** Exact for keys and lengths; a value beyond 2^53 is rounded, and its extent in the file is still right. */
function readVarint(bytes: Buffer, offset: number): { readonly value: number; readonly next: number } {
  let value = 0
  for (let index = offset; index < bytes.length; index++) {
    const byte = bytes[index]!
    value += (byte & 0x7f) * 2 ** (7 * (index - offset))
    if (byte < 0x80) return { value, next: index + 1 }
  }
  throw new Error('a protobuf varint has more than ten bytes')
}
