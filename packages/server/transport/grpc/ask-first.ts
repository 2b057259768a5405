import type { ServerCall } from './call.ts'

/** What a piece costs beyond its bytes: two objects and a place in a queue. */
const PIECE_OVERHEAD_BYTES = 256

/**
 * Calls `serve` once `asked` has agreed to the call, and fails the call with what it says otherwise. Until then
 * nothing is read; what arrives in the meantime, which may be as much as the stream's window, is charged to
 * the call's memory.
 */
export function askFirst(call: ServerCall, asked: Promise<void>, serve: () => void): void {
  const { stream, memory } = call
  let heldBytes = 0
  const push = stream.push.bind(stream)
  stream.push = (piece: Buffer | null): boolean => {
    if (piece !== null && !call.isDecided) {
      const sizeBytes = piece.length + PIECE_OVERHEAD_BYTES
      try {
        memory.reserve(sizeBytes)
        heldBytes += sizeBytes
      } catch (error) {
        call.fail(error)
        return false
      }
    }
    return push(piece)
  }
  // A client may cancel politely; node then waits for somebody to read what has arrived.
  const onAborted = () => {
    call.cancel()
    stream.resume()
  }
  stream.on('aborted', onAborted)
  const ready = () => {
    stream.push = push
    stream.off('aborted', onAborted)
    memory.release(heldBytes)
  }

  asked.then(
    () => {
      if (call.isDecided) return
      ready()
      try {
        serve()
      } catch (error) {
        call.fail(error)
      }
    },
    (error: unknown) => call.fail(error),
  )
}
