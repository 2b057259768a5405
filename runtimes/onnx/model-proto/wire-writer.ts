/** Protobuf's wire format, as much as small messages of onnx.proto need. */

/** A field that holds a message, or bytes. */
export function field(number: number, content: Uint8Array): Uint8Array {
  return message(fieldHead(number, content.length), content)
}

/** What stands before the content of a field of `length` bytes. */
export function fieldHead(number: number, length: number): Uint8Array {
  return message(varint(number * 8 + 2), varint(length))
}

export function textField(number: number, text: string): Uint8Array {
  return field(number, Buffer.from(text))
}

/** @param value not negative */
export function integerField(number: number, value: number): Uint8Array {
  return message(varint(number * 8), varint(value))
}

/** Fields one after the other. */
export function message(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts)
}

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) + 0x80)
    rest = Math.floor(rest / 0x80)
  }
  bytes.push(rest)
  return Uint8Array.from(bytes)
}
