import { ServingError } from '../../errors/index.ts'
import {
  DATATYPES,
  type Datatype,
  describeValue,
  isDatatype,
  type Tensor,
  tensorFromBytes,
} from '../../tensor/index.ts'
import { readContents } from './contents-reader.ts'
import { findFilledField } from './contents-scan.ts'
import { MAX_DIMENSIONS, MAX_TENSORS } from './message-limits.ts'
import { type ParametersDraft, readParameter } from './parameters-reader.ts'
import type { WireReader } from './wire-reader.ts'

/** An InferInputTensor or InferOutputTensor as it is found on the wire, its elements not yet looked at. */
export interface TensorHead {
  readonly name: string
  readonly datatype: Datatype
  readonly shape: readonly number[]
  readonly parameters: ParametersDraft
  /** Start and end of each occurrence of `contents` that is not empty. */
  readonly contents: number[] | undefined
}

/** What a message's fields are called, for messages of errors. */
export interface MessageWords {
  readonly tensors: 'inputs' | 'outputs'
  readonly rawContents: 'raw_input_contents' | 'raw_output_contents'
}

/** As MLServer words it, which its clients look for; BF16, which it does not know, is accepted all the same. */
const DATATYPE_EXPECTED = `Input should be ${DATATYPES.filter(name => name !== 'BF16' && name !== 'BYTES')
  .map(name => `'${name}'`)
  .join(', ')} or 'BYTES'`

/** Reads one tensor message; the data comes later, because raw contents follow all the heads. */
export function readTensorHead(reader: WireReader): TensorHead {
  const outer = reader.enter()
  let name = ''
  let datatype = ''
  let parameters: ParametersDraft
  let contents: number[] | undefined
  const shape: number[] = []
  while (reader.offset < reader.limit) {
    const tag = reader.tag()
    switch (tag) {
      case 0x0a:
        name = reader.name()
        break
      case 0x12:
        datatype = reader.name()
        break
      case 0x1a:
        readDimensions(reader, shape)
        break
      case 0x18:
        readDimension(reader, shape)
        break
      case 0x22:
        parameters = readParameter(reader, parameters)
        break
      case 0x2a: {
        const length = reader.length()
        // MLServer sends an empty one beside raw contents; it says as much as none.
        if (length > 0) (contents ??= []).push(reader.offset, reader.offset + length)
        reader.offset += length
        break
      }
      default:
        reader.skip(tag)
    }
  }
  reader.limit = outer
  if (!isDatatype(datatype)) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `tensor '${name}' has datatype ${describeValue(datatype)}. ${DATATYPE_EXPECTED}`,
    )
  }
  return { name, datatype, shape, parameters, contents }
}

/** Adds to a message's tensors, or requested outputs, within the limit. */
export function addWithinLimit<T>(items: T[], item: T, field: string): void {
  if (items.length >= MAX_TENSORS) {
    throw new ServingError('INVALID_ARGUMENT', `the message has more than ${MAX_TENSORS} ${field}`)
  }
  items.push(item)
}

/**
 * Gives the heads of a message their data: all from raw contents, if there are any, else all from
 * typed contents (gRPC "raw contents" rules: mixing is forbidden).
 * @throws ServingError INVALID_ARGUMENT
 */
export function completeTensors(
  reader: WireReader,
  heads: readonly TensorHead[],
  rawContents: readonly Uint8Array[],
  words: MessageWords,
): Tensor[] {
  if (rawContents.length === 0) return heads.map(head => typedTensor(reader, head))
  if (rawContents.length !== heads.length) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `${words.rawContents} has ${counted(rawContents.length, 'entry', 'entries')} for ${counted(heads.length, words.tensors.slice(0, -1), words.tensors)}; it must have one for each`,
    )
  }
  return heads.map((head, index) => rawTensor(reader, head, rawContents[index]!, words))
}

function rawTensor(reader: WireReader, head: TensorHead, bytes: Uint8Array, words: MessageWords): Tensor {
  const { name, contents } = head
  const filled = contents && findFilledField(reader, contents, `tensor '${name}'`)
  if (filled !== undefined) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `tensor '${name}' has elements in ${filled.field.name} although the message has ${words.rawContents}; all tensors must travel in one form`,
    )
  }
  return tensorFromBytes(name, head.datatype, head.shape, bytes, head.parameters)
}

function typedTensor(reader: WireReader, head: TensorHead): Tensor {
  const { name, datatype, shape, parameters } = head
  // The compiler cannot see that the data has been made for this datatype.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { name, datatype, shape, data: readContents(reader, head), parameters } as Tensor
}

function readDimensions(reader: WireReader, shape: number[]): void {
  const outer = reader.enter()
  while (reader.offset < reader.limit) readDimension(reader, shape)
  reader.limit = outer
}

/** Dimensions that no tensor can have, such as negative ones, are refused where the elements are counted. */
function readDimension(reader: WireReader, shape: number[]): void {
  const start = reader.offset
  if (shape.length >= MAX_DIMENSIONS) {
    throw reader.failure(`a tensor has more than ${MAX_DIMENSIONS} dimensions`, start)
  }
  reader.varint64()
  shape.push(reader.high * 0x1_0000_0000 + (reader.low >>> 0))
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}
