import { connect } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { RawInput } from '../inputs/fuzz-input.ts'
import { DEADLINE_MS, type Outcome } from './outcome.ts'

/** Writes bytes on a connection of their own, and waits until the server has closed it. */
export async function sendRaw(input: RawInput, port: number): Promise<Outcome> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true })
  const pieces: Buffer[] = []
  let isEnded = false
  const closed = new Promise<void>(resolve => {
    // Cut off by the server, which it may do to bytes that it refuses.
    socket.on('error', () => {})
    socket.on('end', () => {
      isEnded = true
      socket.destroy()
    })
    socket.on('close', () => resolve())
  })
  socket.on('data', (chunk: Buffer) => pieces.push(chunk))
  await Promise.race([new Promise(resolve => socket.once('connect', resolve)), closed])
  for (const bytes of input.writes) {
    if (bytes.length > 0 && socket.writable) socket.write(bytes)
    // A segment of its own, more often than not.
    await nextTurn()
  }
  if (input.ending === 'reset') {
    socket.resetAndDestroy()
    return { kind: 'abandoned' }
  }
  if (input.ending === 'half-close' && socket.writable) socket.end()
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    socket.resetAndDestroy()
  }, DEADLINE_MS)
  await closed
  clearTimeout(timer)
  return { kind: 'raw', bytes: Buffer.concat(pieces), isClosed: isEnded || !isLate }
}
