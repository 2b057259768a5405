import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Connection, OpenExchange } from './connection.ts'

/** Answers requests itself, from the first byte of their bodies to the last of its responses. */
export interface HandOver {
  /** Whether a request of this path, as it came and without the query, is its own. Asked first, for every request. */
  readonly takes: (path: string) => boolean
  readonly handle: (message: IncomingMessage, response: ServerResponse) => void
}

/**
 * Gives a request away, and keeps only what closing needs: the connection waits for the response, and ends it when the
 * listener gives up draining. Limits, deadlines and metrics are those of whoever answers.
 */
export function handOver(
  { handle }: HandOver,
  connection: Connection,
  message: IncomingMessage,
  response: ServerResponse,
): void {
  const exchange: OpenExchange = {
    get isRequestComplete() {
      return message.complete
    },
    onBodyBroken: error => void message.destroy(error),
    onConnectionClosed: () => connection.remove(exchange),
    giveUp: () => void response.destroy(),
  }
  connection.add(exchange)
  if (connection.isLastRequest) response.setHeader('connection', 'close')
  let isOpen = true
  response.once('close', () => {
    if (isOpen && !connection.socket.destroyed) connection.remove(exchange)
    isOpen = false
  })
  handle(message, response)
}
