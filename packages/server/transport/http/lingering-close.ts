import type { IncomingMessage } from 'node:http'

/** How long, and for how many bytes, a client that was answered early may go on sending. */
const LINGER_MS = 1000
const LINGER_BYTES = 4 * 1024 * 1024

/**
 * Calls `close` once a client whose request was answered before its body was read has stopped sending, at
 * the latest after a second or some megabytes. A socket closed with unread bytes resets the connection,
 * and the reset may overtake the response that the client should read.
 */
export function closeLingering(message: IncomingMessage, close: () => void): void {
  let discardedBytes = 0
  let isClosed = false
  const finish = (): void => {
    if (isClosed) return
    isClosed = true
    clearTimeout(timer)
    close()
  }
  const timer = setTimeout(finish, LINGER_MS)
  message.on('data', (chunk: Uint8Array) => {
    discardedBytes += chunk.byteLength
    if (discardedBytes <= LINGER_BYTES) return
    message.pause()
    finish()
  })
  message.on('end', finish)
  message.on('close', finish)
  message.resume()
}
