/** Text up to this length is looked at character by character, which is quicker than asking the runtime. */
const SHORT_TEXT = 48

/** Bytes of an unsigned varint of up to 53 bits. */
export function varintSize(value: number): number {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  if (value < 0x20_0000) return 3
  if (value < 0x1000_0000) return 4
  return varint64Size(value | 0, Math.floor(value / 0x1_0000_0000))
}

/** Bytes of a varint of 64 bits, which are given as two halves. */
export function varint64Size(low: number, high: number): number {
  const bits = high === 0 ? 32 - Math.clz32(low) : 64 - Math.clz32(high)
  return bits === 0 ? 1 : Math.ceil(bits / 7)
}

/** Bytes of a length-delimited field whose tag takes one byte. */
export function fieldSize(length: number): number {
  return 1 + varintSize(length) + length
}

/** Bytes of `text` as UTF-8. */
export function textSize(text: string): number {
  if (text.length > SHORT_TEXT) return Buffer.byteLength(text)
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 0x7f) return Buffer.byteLength(text)
  }
  return text.length
}

/** Bytes of a text field; an empty one is left out. */
export function textFieldSize(text: string | undefined): number {
  return text === undefined || text === '' ? 0 : fieldSize(textSize(text))
}
