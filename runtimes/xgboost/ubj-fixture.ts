/** Writes what JSON knows as Universal Binary JSON, lists of numbers typed by their array. */
export function writeUbj(value: unknown): Uint8Array {
  const parts: Uint8Array[] = []
  const text = (written: string): void => void parts.push(new TextEncoder().encode(written))
  const length = (size: number): void => {
    const bytes = new Uint8Array(9)
    bytes[0] = 'L'.charCodeAt(0)
    new DataView(bytes.buffer).setBigInt64(1, BigInt(size))
    parts.push(bytes)
  }
  const number = (type: 'D' | 'l', item: number): void => {
    const view = new DataView(new ArrayBuffer(type === 'D' ? 8 : 4))
    if (type === 'D') view.setFloat64(0, item)
    else view.setInt32(0, item)
    parts.push(new Uint8Array(view.buffer))
  }
  const write = (item: unknown): void => {
    if (item === null) text('Z')
    else if (typeof item === 'boolean') text(item ? 'T' : 'F')
    else if (typeof item === 'number') {
      text('D')
      number('D', item)
    } else if (typeof item === 'string') {
      text('S')
      string(item)
    } else if (item instanceof Int32Array) {
      text('[$l#')
      length(item.length)
      for (const element of item) number('l', element)
    } else if (Array.isArray(item)) {
      text('[')
      for (const element of item) write(element)
      text(']')
    } else {
      text('{')
      for (const [name, member] of Object.entries(item as object)) {
        string(name)
        write(member)
      }
      text('}')
    }
  }
  const string = (written: string): void => {
    const bytes = new TextEncoder().encode(written)
    length(bytes.length)
    parts.push(bytes)
  }
  write(value)
  return Buffer.concat(parts)
}
