import { once } from 'node:events'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, type SecureContext } from 'node:tls'
import { ClientSession, type SessionListener } from '../http2/index.ts'
import type { GrpcTarget } from './target.ts'

/** How long a server may take to accept a connection and speak HTTP/2. */
const CONNECT_TIMEOUT_MS = 20_000
/** Idle for so long, a connection is asked by TCP whether its server is still there. */
const KEEP_ALIVE_MS = 30_000

export interface TlsSettings {
  readonly secureContext: SecureContext
  readonly rejectUnauthorized: boolean
}

/**
 * Connects, trying all addresses that the name has, and waits until the server has shown that it speaks HTTP/2.
 * @param onSocket gets the socket that is being connected
 * @param listener is told what becomes of the session, which may end before the promise has settled
 * @param signal aborts when nobody wants the session any more
 * @throws whatever the system, TLS or HTTP/2 found wrong
 */
export async function openSession(
  { address, hostname }: GrpcTarget,
  tls: TlsSettings | undefined,
  signal: AbortSignal,
  onSocket: (socket: Socket) => void,
  listener: Omit<SessionListener, 'onReady'>,
): Promise<ClientSession> {
  const isLate = AbortSignal.timeout(CONNECT_TIMEOUT_MS)
  const isOver = AbortSignal.any([signal, isLate])
  const tcp = connectTcp({
    ...address,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    autoSelectFamily: true,
  })
  let socket: Socket = tcp
  const destroy = () => void socket.destroy(isLate.aborted ? late() : closed())
  isOver.addEventListener('abort', destroy)
  onSocket(tcp)
  try {
    await once(tcp, 'connect')
    // Whoever takes the socket over has listeners of its own.
    tcp.on('error', ignore)
    if (tls !== undefined) {
      socket = secure(tcp, hostname, tls)
      await once(socket, 'secureConnect', { signal: isOver })
    }
    return await speakHttp2(socket, listener)
  } catch (error) {
    socket.destroy()
    tcp.destroy()
    throw isLate.aborted ? late() : error
  } finally {
    isOver.removeEventListener('abort', destroy)
  }
}

function secure(tcp: Socket, hostname: string, tls: TlsSettings): Socket {
  return connectTls({
    ...tls,
    socket: tcp,
    ALPNProtocols: ['h2'],
    host: hostname,
    // Addresses are looked for in the certificate, and not named to the server.
    ...(isIP(hostname) === 0 ? { servername: hostname } : {}),
  })
}

function late(): Error {
  return new Error(`no answer within ${CONNECT_TIMEOUT_MS} ms`)
}

function closed(): Error {
  return new Error('the client was closed')
}

function ignore(): void {}

/** The session tells its listener what becomes of it from the beginning. */
function speakHttp2(socket: Socket, listener: Omit<SessionListener, 'onReady'>): Promise<ClientSession> {
  return new Promise((resolve, reject) => {
    const session = new ClientSession(socket, {
      ...listener,
      onReady: () => resolve(session),
      onClose(error) {
        reject(error ?? new Error('the server closed the connection before it spoke HTTP/2'))
        listener.onClose(error)
      },
    })
  })
}
