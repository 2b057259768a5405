import type { MessagePort, Worker } from 'node:worker_threads'
import type { Channel } from './channel.ts'

type Envelope = readonly [message: unknown, blocks: readonly Uint8Array<ArrayBuffer>[]]

/** A channel between two threads of this process. Blocks are transferred: no byte of them is copied. */
export function createThreadChannel(port: MessagePort | Worker): Channel {
  return {
    isTransferring: true,
    send(message, blocks) {
      const envelope: Envelope = [message, blocks]
      if (blocks.length === 0) port.postMessage(envelope)
      else
        port.postMessage(
          envelope,
          blocks.map(block => block.buffer),
        )
    },
    listen({ message, closed }) {
      port.on('message', ([head, blocks]: Envelope) => message(head, blocks))
      port.on('messageerror', (error: Error) => closed(error))
    },
  }
}
