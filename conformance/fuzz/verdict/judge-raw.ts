import type { RawInput } from '../inputs/fuzz-input.ts'
import { FRAME } from '../inputs/http2-frames.ts'
import { MalformedReply, parseReply } from '../wire/http1-reply.ts'
import { judgeRest } from './judge-rest.ts'

const FRAME_HEAD_BYTES = 9
/** No input allows the server more. */
const FRAME_BYTES_MAX = 16_384

/** What is wrong with all that came back on a connection, and with how it ended. */
export function judgeRaw({ port }: RawInput, bytes: Buffer, isClosed: boolean): string | undefined {
  const complaint = port === 'rest' ? judgeReplies(bytes) : judgeFrames(bytes)
  if (complaint !== undefined) return complaint
  return isClosed ? undefined : 'the connection stayed open'
}

function judgeReplies(bytes: Buffer): string | undefined {
  let rest = bytes
  try {
    while (rest.length > 0) {
      const parsed = parseReply(rest, false)
      if (parsed === undefined)
        return `the connection broke off inside an answer: ${rest.toString('latin1').slice(0, 200)}`
      const { status } = parsed.reply
      const complaint = status === 100 ? undefined : judgeRest(parsed.reply, undefined)
      if (complaint !== undefined) return complaint
      rest = rest.subarray(parsed.sizeBytes)
    }
    return undefined
  } catch (error) {
    if (error instanceof MalformedReply) return `malformed answer: ${error.message}`
    throw error
  }
}

/**
 * Frames up to the last whole one: a connection that is cut off may end inside. What a GOAWAY says is not judged, because Node.js
 * gives INTERNAL_ERROR as its reason for whatever a client did wrong with a connection as a whole.
 */
function judgeFrames(bytes: Buffer): string | undefined {
  let position = 0
  while (position + FRAME_HEAD_BYTES <= bytes.length) {
    const length = bytes.readUIntBE(position, 3)
    const type = bytes.readUInt8(position + 3)
    if (position === 0 && type !== FRAME.settings) return `the first frame has type ${type}`
    if (type > FRAME.continuation || length > FRAME_BYTES_MAX)
      return `a frame of type ${type} with ${length} bytes`
    position += FRAME_HEAD_BYTES + length
  }
  return undefined
}
