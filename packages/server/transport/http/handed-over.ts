import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AdmissionCheck } from '../admission-check.ts'
import { clientCertificateOf } from '../tls/client-certificate.ts'
import type { Connection, OpenExchange } from './connection.ts'

/** Answers requests itself, from the first byte of their bodies to the last of its responses. */
export interface HandOver {
  /**
   * Whether a request of this path, as it came and without the query, is its own. Asked first, for every request. It
   * must begin with `/api/` or another path that asks callers for the scope `admin`.
   */
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
  response.once('close', () => {
    if (!connection.socket.destroyed) connection.remove(exchange)
  })
  handle(message, response)
}

/** Asks whether a request may be given away; nothing of its body has been read. Rejects or throws as the check does. */
export function askBefore(check: AdmissionCheck, message: IncomingMessage): Promise<void> | undefined {
  return check({
    // The listener lets Node join repeated headers; only `set-cookie`, which no request has, would be a list.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    headers: message.headers as { [name: string]: string },
    remoteAddress: message.socket.remoteAddress ?? '',
    clientCertificate: clientCertificateOf(message.socket),
  })
}
