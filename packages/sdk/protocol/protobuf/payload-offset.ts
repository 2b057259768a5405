import { HeadScan } from './head-scan.ts'
import { LENGTH_DELIMITED } from './wire-types.ts'

/** A payload of this size or more is worth aligning before a smaller one that lies ahead of it. */
const LARGE_BYTES = 4096

/** Fields to look at: beyond, a message is either odd or hostile, and a copy is cheaper than the search. */
const MAX_FIELDS = 256

// Which field a tag means depends on the message it lies in:
//
//     ModelInferRequest       0x2a inputs       0x3a raw_input_contents
//     ModelInferResponse      0x2a outputs      0x32 raw_output_contents
//       the tensors of both   0x2a contents
//         InferTensorContents 0x32 fp32_contents, 0x3a fp64_contents (packed)
const TENSORS = 0x2a
const RAW_INPUT_CONTENTS = 0x3a
const RAW_OUTPUT_CONTENTS = 0x32
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
  return payloadOffset(head, RAW_INPUT_CONTENTS)
}

/** The same of a `ModelInferResponse`. */
export function inferResponsePayloadOffset(head: Uint8Array): number {
  return payloadOffset(head, RAW_OUTPUT_CONTENTS)
}

function payloadOffset(head: Uint8Array, rawContents: number): number {
  const scan = new HeadScan(head)
  let first = -1
  let tensorEnd = 0
  let contentsEnd = 0
  for (let count = 0; count < MAX_FIELDS; count++) {
    const isInContents = scan.offset < contentsEnd
    const isInTensor = !isInContents && scan.offset < tensorEnd
    const tag = scan.varint()
    if ((tag & 7) !== LENGTH_DELIMITED || tag < 0) {
      if (!scan.skipScalar(tag)) break
      continue
    }
    const length = scan.varint()
    if (length < 0) break
    const isDescent = !isInContents && tag === (isInTensor ? CONTENTS : TENSORS)
    if (isDescent) {
      if (isInTensor) contentsEnd = scan.offset + length
      else tensorEnd = scan.offset + length
      continue
    }
    const isPayload = isInContents
      ? tag === FP32_CONTENTS || tag === FP64_CONTENTS
      : !isInTensor && tag === rawContents
    if (isPayload && length >= LARGE_BYTES) return scan.offset
    if (isPayload && length > 0 && first === -1) first = scan.offset
    scan.offset += length
  }
  return first
}
