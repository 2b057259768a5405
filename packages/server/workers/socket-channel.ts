import type { Socket } from 'node:net'
import type { Channel } from './channel.ts'
import { FrameReader, writeFrame } from './frame.ts'

/** Below this a frame is put together in one piece: one write is cheaper than a copy. */
const SMALL_FRAME_BYTES = 64 * 1024

/** A channel between two processes, over a socket that both have. Blocks are written from where they lie. */
export function createSocketChannel(socket: Socket): Channel {
  return {
    isTransferring: false,
    send(message, blocks) {
      const pieces = writeFrame(message, blocks)
      // The other side has gone: whoever listens has been told or will be.
      if (!socket.writable) return
      let sizeBytes = 0
      for (const piece of pieces) sizeBytes += piece.length
      if (sizeBytes <= SMALL_FRAME_BYTES) {
        socket.write(Buffer.concat(pieces, sizeBytes))
        return
      }
      socket.cork()
      for (const piece of pieces) socket.write(piece)
      socket.uncork()
    },
    listen({ message, closed }) {
      const reader = new FrameReader(message)
      let problem: Error | undefined
      socket.on('data', (chunk: Buffer) => {
        try {
          reader.read(chunk)
        } catch (error) {
          problem = error instanceof Error ? error : new Error(String(error))
          socket.destroy()
        }
      })
      // A broken pipe is the other side's end; `close` follows.
      socket.on('error', error => {
        problem ??= error
      })
      socket.on('close', () => closed(problem))
    },
  }
}
