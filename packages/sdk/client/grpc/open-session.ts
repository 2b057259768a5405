import { once } from 'node:events'
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, type SecureContext } from 'node:tls'
import type { GrpcTarget } from './target.ts'

const MIB = 1_048_576

/** Bytes that a server may send of one answer before it must wait for us; HTTP/2's 64 KiB would stop a tensor often. */
const STREAM_WINDOW_BYTES = 16 * MIB
/** The same for all answers of a connection together. */
const CONNECTION_WINDOW_BYTES = 64 * MIB
/** Fewer frame headers per tensor. No larger, or small answers queue behind it. */
const MAX_FRAME_BYTES = MIB / 4
/** Fields of a header block, and of trailers. */
const MAX_HEADER_FIELDS = 128

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
 * @param signal aborts when nobody wants the session any more
 * @throws whatever the system, TLS or HTTP/2 found wrong
 */
export async function openSession(
  { address, hostname }: GrpcTarget,
  tls: TlsSettings | undefined,
  signal: AbortSignal,
  onSocket: (socket: Socket) => void,
): Promise<ClientHttp2Session> {
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
    return await speakHttp2(socket)
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

function speakHttp2(socket: Socket): Promise<ClientHttp2Session> {
  const session = connectHttp2('http://localhost', {
    createConnection: () => socket,
    settings: {
      enablePush: false,
      initialWindowSize: STREAM_WINDOW_BYTES,
      maxFrameSize: MAX_FRAME_BYTES,
    },
    maxHeaderListPairs: MAX_HEADER_FIELDS,
    // The default of 10 MB counts requests that wait to be sent.
    maxSessionMemory: 2 ** 32 - 1,
  })
  return new Promise((resolve, reject) => {
    const fail = (error?: Error) =>
      reject(error ?? new Error('the server closed the connection before it spoke HTTP/2'))
    const onClose = () => fail()
    // The socket fails before the session, which waits until it has said goodbye; from TLS that may never come.
    socket.once('error', fail)
    session.once('error', fail)
    session.once('close', onClose)
    session.once('connect', () => session.setLocalWindowSize(CONNECTION_WINDOW_BYTES))
    session.once('remoteSettings', () => {
      socket.off('error', fail)
      session.off('error', fail)
      session.off('close', onClose)
      resolve(session)
    })
  })
}
