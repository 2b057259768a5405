import type { ServerHttp2Stream } from 'node:http2'
import type { CallMemory } from './call-memory.ts'

/** What a piece costs beyond its bytes: two objects and a place in a queue. */
const PIECE_OVERHEAD_BYTES = 256

/**
 * Charges what node keeps of a stream that is paused: up to the stream's whole flow-control window,
 * in as many pieces as the client likes to cut it into. Node has no event for that, so this stands
 * in front of `push`, through which every piece passes on its way into the stream's buffer.
 * @param refuse told when the budget is used up; the piece is dropped
 * @returns to be called with every piece that comes out of the buffer
 */
export function meterArrivals(
  stream: ServerHttp2Stream,
  memory: Pick<CallMemory, 'reserve' | 'release'>,
  refuse: (error: unknown) => void,
): (piece: Buffer) => void {
  // Came in the same read as the headers, before anybody could count it: a read is 64 KiB at most.
  let uncountedBytes = stream.readableLength
  const push = stream.push.bind(stream)
  stream.push = (piece: Buffer | null): boolean => {
    if (piece !== null) {
      try {
        memory.reserve(piece.length + PIECE_OVERHEAD_BYTES)
      } catch (error) {
        refuse(error)
        return false
      }
    }
    return push(piece)
  }
  return piece => {
    if (uncountedBytes > 0) uncountedBytes -= piece.length
    else memory.release(piece.length + PIECE_OVERHEAD_BYTES)
  }
}
