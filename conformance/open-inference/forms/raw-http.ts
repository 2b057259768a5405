import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** What a server wrote on a bare connection until it closed it. */
export interface RawResponse {
  readonly status: number
  readonly text: string
}

/** A connection on which bytes are written as they are, finished or not. */
export async function openSocket(baseUrl: string): Promise<Socket> {
  const { hostname, port } = new URL(baseUrl)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  return socket
}

/** Everything until the server ends the connection. */
export async function readToEnd(socket: Socket): Promise<RawResponse> {
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text }
}
