import type { ModelBytes, Span } from './model-bytes.ts'
import { elementTypeName } from './value-types.ts'

/** Bytes of a tensor hold at most this many elements each: eight of one bit, if ever there are such. */
const MOST_ELEMENTS_A_BYTE = 8
const MOST_DIMENSIONS = 256

/** What a tensor in a file says of itself, without its elements. */
export interface TensorHead {
  readonly name: string
  /** `TensorProto.DataType`. */
  readonly elementType: number
  readonly dims: readonly number[]
  /** The message, its key included. */
  readonly field: Span
  /** Where its elements lie if they do so one after the other as in memory, else undefined. */
  readonly raw: Span | undefined
  /** Where its elements lie outside the file, by the words of `external_data`; undefined if they are inside. */
  readonly external: ReadonlyMap<string, string> | undefined
}

/**
 * Reads a `TensorProto` and holds what it says against how many bytes it has, so that nobody sets memory aside for a tensor
 * that is not there.
 * @throws ServingError FAILED_PRECONDITION naming the tensor
 */
export function readTensorHead(bytes: ModelBytes, keyStart: number, span: Span, place: string): TensorHead {
  let name = ''
  let elementType = 0
  let raw: Span | undefined
  let floats: Span | undefined
  let isExternal = false
  let dataBytes = 0
  const dims: number[] = []
  const external = new Map<string, string>()
  const fields = bytes.fields(span, place)
  while (fields.next()) {
    switch (fields.number) {
      case 1:
        readDims(bytes, fields, place, dims)
        break
      case 2:
        elementType = fields.value
        break
      case 8:
        name = bytes.text(fields, place)
        break
      case 9:
        raw = { start: fields.start, end: fields.end }
        dataBytes += fields.end - fields.keyStart
        break
      case 13:
        readEntry(bytes, fields, `${place}.external_data`, external)
        break
      case 14:
        isExternal = fields.value === 1
        break
      case 4:
      case 10:
        // Packed, these are laid out as raw ones are: float32 in the one, float64 in the other.
        floats = fields.isSpan && dataBytes === 0 ? { start: fields.start, end: fields.end } : undefined
        dataBytes += fields.end - fields.keyStart
        break
      case 5:
      case 6:
      case 7:
      case 11:
        dataBytes += fields.end - fields.keyStart
        break
    }
  }
  const head: TensorHead = {
    name,
    elementType,
    dims,
    field: { start: keyStart, end: span.end },
    raw: raw ?? floats,
    external: isExternal ? external : undefined,
  }
  const wrong = dims.find(dim => dim < 0)
  if (wrong !== undefined)
    throw bytes.damaged(keyStart, place, `${describeTensor(head)}: ${wrong} is no extent`)
  if (!isExternal) checkSize(bytes, head, dataBytes, place)
  return head
}

/** @throws ServingError FAILED_PRECONDITION if `dataBytes` cannot hold the elements that the tensor says it has */
export function checkSize(bytes: ModelBytes, head: TensorHead, dataBytes: number, place: string): void {
  if (countElements(head.dims) <= Math.max(1, dataBytes * MOST_ELEMENTS_A_BYTE)) return
  throw bytes.damaged(
    head.field.start,
    place,
    `${describeTensor(head)} has only ${dataBytes} bytes of elements`,
  )
}

export function countElements(dims: readonly number[]): number {
  return dims.includes(0) ? 0 : dims.reduce((count, dim) => count * dim, 1)
}

export function describeTensor({ name, elementType, dims }: TensorHead): string {
  return `tensor '${name}' (${elementTypeName(elementType)} [${dims.join(',')}])`
}

/** A `StringStringEntryProto`. */
export function readEntry(bytes: ModelBytes, span: Span, place: string, entries: Map<string, string>): void {
  let key = ''
  let value = ''
  const fields = bytes.fields(span, place)
  while (fields.next()) {
    if (!fields.isSpan) continue
    if (fields.number === 1) key = bytes.text(fields, place)
    else if (fields.number === 2) value = bytes.text(fields, place)
  }
  entries.set(key, value)
}

/** One number, or several packed. */
function readDims(
  bytes: ModelBytes,
  field: Span & { readonly isSpan: boolean; readonly value: number },
  place: string,
  dims: number[],
): void {
  const add = (dim: number): void => {
    if (dims.length === MOST_DIMENSIONS)
      throw bytes.damaged(field.start, place, `a tensor has more than ${MOST_DIMENSIONS} dimensions`)
    dims.push(dim)
  }
  if (field.isSpan) for (const dim of bytes.packedVarints(field, place)) add(dim)
  else add(field.value)
}
