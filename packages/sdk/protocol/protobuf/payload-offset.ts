import { FIXED32, FIXED64, LENGTH_DELIMITED, VARINT } from './wire-types.ts'

/** A payload of this size or more is worth aligning before a smaller one that lies ahead of it. */
const LARGE_BYTES = 4096

/** Fields to look at: beyond, a message is either odd or hostile, and a copy is cheaper than the search. */
const MAX_FIELDS = 256

// Which field a tag means depends on the message it lies in:
//
//     ModelInferRequest       0x2a inputs       0x3a raw_input_contents
//       InferInputTensor      0x2a contents
//         InferTensorContents 0x32 fp32_contents, 0x3a fp64_contents (packed)
const INPUTS = 0x2a
const RAW_INPUT_CONTENTS = 0x3a
const CONTENTS = 0x2a
const FP32_CONTENTS = 0x32
const FP64_CONTENTS = 0x3a

/**
 * Where the tensor data of a `ModelInferRequest` begins that should lie at a multiple of 8 in memory,
 * so that the decoder can use it in place: the first entry of `raw_input_contents`, or packed
 * `fp32_contents` or `fp64_contents`, of at least 4 KiB; failing that the first of any size.
 * @param head the first bytes of the message, as many as are at hand; the data itself may lie beyond
 * @returns the offset from the start of `head` (at most its length), or -1 if no such data begins
 * within it. Never throws.
 */
export function inferPayloadOffset(head: Uint8Array): number {
  const scan = new HeadScan(head)
  let first = -1
  let inputEnd = 0
  let contentsEnd = 0
  for (let count = 0; count < MAX_FIELDS; count++) {
    const isInContents = scan.offset < contentsEnd
    const isInInput = !isInContents && scan.offset < inputEnd
    const tag = scan.varint()
    if ((tag & 7) !== LENGTH_DELIMITED || tag < 0) {
      if (!scan.skipScalar(tag)) break
      continue
    }
    const length = scan.varint()
    if (length < 0) break
    const isDescent = !isInContents && tag === (isInInput ? CONTENTS : INPUTS)
    if (isDescent) {
      if (isInInput) contentsEnd = scan.offset + length
      else inputEnd = scan.offset + length
      continue
    }
    const isPayload = isInContents
      ? tag === FP32_CONTENTS || tag === FP64_CONTENTS
      : !isInInput && tag === RAW_INPUT_CONTENTS
    if (isPayload && length >= LARGE_BYTES) return scan.offset
    if (isPayload && length > 0 && first === -1) first = scan.offset
    scan.offset += length
  }
  return first
}

/** Reads what a head has of a message, and says so where it ends. */
class HeadScan {
  readonly head: Uint8Array
  offset = 0

  constructor(head: Uint8Array) {
    this.head = head
  }

  /** A varint of up to 35 bits; -1 if the head ends before it does, or it is longer. */
  varint(): number {
    let value = 0
    for (let scale = 1; scale <= 0x1000_0000; scale *= 0x80) {
      const byte = this.head[this.offset++]
      if (byte === undefined) return -1
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
    return -1
  }

  /** Passes over a field that is not length-delimited; false if there is no going on. */
  skipScalar(tag: number): boolean {
    if (tag < 0) return false
    switch (tag & 7) {
      case VARINT:
        // Up to ten bytes, of which only the last is below 0x80.
        while (this.offset < this.head.length && this.head[this.offset]! >= 0x80) this.offset++
        this.offset++
        return true
      case FIXED64:
        this.offset += 8
        return true
      case FIXED32:
        this.offset += 4
        return true
      default:
        return false
    }
  }
}
