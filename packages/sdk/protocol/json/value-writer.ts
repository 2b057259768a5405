import type { ParameterValue } from '../../tensor/index.ts'
import { CLOSE_BRACE, CLOSE_BRACKET, COLON, COMMA, OPEN_BRACE, OPEN_BRACKET } from './ascii.ts'
import type { ByteWriter } from './byte-writer.ts'

/**
 * Writes any JSON value. A bigint goes as its digits; NaN and the infinities as `null`; members that
 * are undefined are left out.
 */
export function writeValue(writer: ByteWriter, value: ParameterValue | undefined): void {
  switch (typeof value) {
    case 'string':
      writer.string(value)
      break
    case 'number':
      writer.ascii(Number.isFinite(value) ? String(value) : 'null')
      break
    case 'bigint':
    case 'boolean':
      writer.ascii(String(value))
      break
    case 'object':
      if (value === null) writer.ascii('null')
      else if (isList(value)) writeList(writer, value)
      else writeObject(writer, value)
      break
    default:
      writer.ascii('null')
  }
}

function writeList(writer: ByteWriter, items: readonly ParameterValue[]): void {
  writer.byte(OPEN_BRACKET)
  for (const [index, item] of items.entries()) {
    if (index > 0) writer.byte(COMMA)
    writeValue(writer, item)
  }
  writer.byte(CLOSE_BRACKET)
}

export function writeObject(writer: ByteWriter, object: { readonly [name: string]: ParameterValue }): void {
  writer.byte(OPEN_BRACE)
  let isFirst = true
  for (const [name, value] of Object.entries(object)) {
    if (value === undefined) continue
    if (!isFirst) writer.byte(COMMA)
    isFirst = false
    writer.string(name)
    writer.byte(COLON)
    writeValue(writer, value)
  }
  writer.byte(CLOSE_BRACE)
}

function isList(value: object): value is readonly ParameterValue[] {
  return Array.isArray(value)
}
