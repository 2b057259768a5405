import type { ModelBytes, Span } from './model-bytes.ts'

/** Sequences of sequences of …; real ones have two levels. */
const DEEPEST_TYPE = 16
/** More than the eight or so that operators know. */
const MOST_AXES = 256

/** What a graph says of an input or output: `TypeProto` of onnx.proto. */
export type ValueType =
  | {
      readonly kind: 'tensor' | 'sparse tensor'
      /** `TensorProto.DataType`; see {@link elementTypeName}. */
      readonly elementType: number
      /** An extent, or the name of a free dimension ('' if it has none); null where even their number is open. */
      readonly shape: readonly (number | string)[] | null
    }
  | { readonly kind: 'sequence' | 'optional'; readonly of: ValueType }
  | { readonly kind: 'map'; readonly keyType: number; readonly of: ValueType }
  | { readonly kind: 'value' }

/** By `TensorProto.DataType` of onnx.proto. */
const ELEMENT_TYPE_NAMES: readonly string[] = [
  'undefined',
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'float64',
  'uint32',
  'uint64',
  'complex64',
  'complex128',
  'bfloat16',
  'float8e4m3fn',
  'float8e4m3fnuz',
  'float8e5m2',
  'float8e5m2fnuz',
  'uint4',
  'int4',
  'float4e2m1',
  'float8e8m0',
  'uint2',
  'int2',
]

/** As ONNX writes it; the number itself for one that came after this was written. */
export function elementTypeName(elementType: number): string {
  return ELEMENT_TYPE_NAMES[elementType] ?? `number ${elementType}`
}

/** A type in words: `sequence(map(int64, float32))`. */
export function describeType(type: ValueType): string {
  switch (type.kind) {
    case 'tensor':
      return elementTypeName(type.elementType)
    case 'sparse tensor':
      return `sparse tensor(${elementTypeName(type.elementType)})`
    case 'sequence':
    case 'optional':
      return `${type.kind}(${describeType(type.of)})`
    case 'map':
      return `map(${elementTypeName(type.keyType)}, ${describeType(type.of)})`
    default:
      return 'value of an unknown type'
  }
}

/** @throws ServingError FAILED_PRECONDITION for a type that is nested deeper than 16 levels, or has more than 256 axes */
export function readType(bytes: ModelBytes, span: Span, place: string, depth = 0): ValueType {
  if (depth > DEEPEST_TYPE)
    throw bytes.damaged(span.start, place, `types are nested deeper than ${DEEPEST_TYPE} levels`)
  let type: ValueType = { kind: 'value' }
  const fields = bytes.fields(span, place)
  while (fields.next()) {
    if (!fields.isSpan) continue
    if (fields.number === 1) type = readTensorType(bytes, fields, place, 'tensor')
    else if (fields.number === 8) type = readTensorType(bytes, fields, place, 'sparse tensor')
    else if (fields.number === 4) type = { kind: 'sequence', of: readElement(bytes, fields, place, depth).of }
    else if (fields.number === 9) type = { kind: 'optional', of: readElement(bytes, fields, place, depth).of }
    else if (fields.number === 5) type = { kind: 'map', ...readElement(bytes, fields, place, depth) }
  }
  return type
}

/** `Sequence`, `Optional` and `Map` alike: only a map has a key type, and its value lies in field 2. */
function readElement(
  bytes: ModelBytes,
  span: Span,
  place: string,
  depth: number,
): { readonly keyType: number; readonly of: ValueType } {
  let keyType = 0
  let of: ValueType = { kind: 'value' }
  const fields = bytes.fields(span, place)
  while (fields.next()) {
    if (fields.isSpan) of = readType(bytes, fields, place, depth + 1)
    else if (fields.number === 1) keyType = fields.value
  }
  return { keyType, of }
}

function readTensorType(
  bytes: ModelBytes,
  span: Span,
  place: string,
  kind: 'tensor' | 'sparse tensor',
): ValueType {
  let elementType = 0
  let shape: readonly (number | string)[] | null = null
  const fields = bytes.fields(span, place)
  while (fields.next()) {
    if (fields.number === 1 && !fields.isSpan) elementType = fields.value
    else if (fields.number === 2 && fields.isSpan) shape = readShape(bytes, fields, `${place}.shape`)
  }
  return { kind, elementType, shape }
}

function readShape(bytes: ModelBytes, span: Span, place: string): readonly (number | string)[] {
  const extents: (number | string)[] = []
  const dims = bytes.fields(span, place)
  while (dims.next()) {
    if (dims.number !== 1 || !dims.isSpan) continue
    if (extents.length === MOST_AXES) throw bytes.damaged(dims.start, place, `more than ${MOST_AXES} axes`)
    let extent: number | string = ''
    const fields = bytes.fields(dims, place)
    while (fields.next()) {
      if (fields.number === 1 && !fields.isSpan) extent = fields.value
      else if (fields.number === 2 && fields.isSpan) extent = bytes.text(fields, place)
    }
    extents.push(extent)
  }
  return extents
}
