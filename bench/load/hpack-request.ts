/** A header field of a request. `index` is its place in the static table (RFC 7541, appendix A). */
export type RequestField =
  | { readonly kind: 'static'; readonly index: number }
  | { readonly kind: 'named'; readonly nameIndex: number; readonly value: string }
  | { readonly kind: 'new'; readonly name: string; readonly value: string }

const STATIC_TABLE_LENGTH = 61

export interface RequestBlocks {
  /** For the first request of a connection: enters every field into the server's table. */
  readonly first: Buffer
  /** For all later ones: refers to those entries, as gRPC's clients do. */
  readonly later: Buffer
}

/** Encodes the same request header twice. Nothing else may be encoded on the connection, or the references break. */
export function requestBlocks(fields: readonly RequestField[]): RequestBlocks {
  const first: Buffer[] = []
  const later: number[] = []
  const entered = fields.filter(field => field.kind !== 'static').length
  let entry = 0
  for (const field of fields) {
    if (field.kind === 'static') {
      first.push(Buffer.of(indexed(field.index)))
      later.push(indexed(field.index))
      continue
    }
    // Literal with incremental indexing (section 6.2.1); the newest entry of the table comes first (2.3.3).
    const name = field.kind === 'named' ? Buffer.of(0x40 | checked(field.nameIndex, 0x3f)) : Buffer.of(0x40)
    first.push(name, ...(field.kind === 'new' ? [text(field.name)] : []), text(field.value))
    later.push(indexed(STATIC_TABLE_LENGTH + entered - entry))
    entry += 1
  }
  return { first: Buffer.concat(first), later: Buffer.from(later) }
}

/** Indexed field (section 6.1), as long as its index fits into one byte. */
function indexed(index: number): number {
  return 0x80 | checked(index, 0x7f)
}

/** A string without Huffman coding (section 5.2), as long as its length fits into one byte. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1')
  return Buffer.concat([Buffer.of(checked(bytes.length, 0x7f)), bytes])
}

/** All ones would announce further bytes (section 5.1), which no field of ours needs. */
function checked(value: number, allOnes: number): number {
  if (value >= allOnes)
    throw new RangeError(`${value} does not fit into one byte; it must be below ${allOnes}`)
  return value
}
