import { HeadScan } from '../protobuf/head-scan.ts'
import { LENGTH_DELIMITED } from '../protobuf/wire-types.ts'

/** Data of less is copied as fast as it is found. */
const LARGE_BYTES = 4096

/** Fields to look at: beyond, a message is either odd or hostile, and a copy is cheaper than the search. */
const MAX_FIELDS = 256

// What leads to the data:
//
//     PredictResponse   0x0a outputs
//       an entry        0x12 value
//         TensorProto   0x2a float_val, 0x32 double_val (packed)
const OUTPUTS = 0x0a
const VALUE = 0x12
const FLOATS = 0x2a
const DOUBLES = 0x32

/**
 * Where the first numbers of at least 4 KiB begin in a `PredictResponse` of any generation, which the decoder uses in
 * place if they lie at a multiple of 8 in memory.
 * @param head the first bytes of the message, as many as are at hand; the data itself may lie beyond
 * @returns the offset from the start of `head` (at most its length), or -1 if no such data begins within it. Never throws.
 */
export function predictResponsePayloadOffset(head: Uint8Array): number {
  const scan = new HeadScan(head)
  let entryEnd = 0
  let tensorEnd = 0
  for (let count = 0; count < MAX_FIELDS; count++) {
    const isInTensor = scan.offset < tensorEnd
    const isInEntry = !isInTensor && scan.offset < entryEnd
    const tag = scan.varint()
    if ((tag & 7) !== LENGTH_DELIMITED || tag < 0) {
      if (!scan.skipScalar(tag)) break
      continue
    }
    const length = scan.varint()
    if (length < 0) break
    if (isInTensor) {
      if ((tag === FLOATS || tag === DOUBLES) && length >= LARGE_BYTES) return scan.offset
    } else if (tag === (isInEntry ? VALUE : OUTPUTS)) {
      if (isInEntry) tensorEnd = scan.offset + length
      else entryEnd = scan.offset + length
      continue
    }
    scan.offset += length
  }
  return -1
}
