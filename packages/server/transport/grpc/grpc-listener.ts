import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import { ServingError } from '@millrace/sdk'
import { ByteBudget } from '../../base/byte-budget.ts'
import type { Listener } from '../http/http-types.ts'
import { createCallAcceptor } from './accept-calls.ts'
import type { GrpcListenerOptions } from './grpc-types.ts'
import { guardStatus } from './guard-status.ts'
import { CONNECTION_WINDOW_BYTES, http2Options } from './http2-options.ts'
import { RunningCalls } from './running-calls.ts'

/** How long a new connection may take until it speaks HTTP/2. */
const PREFACE_TIMEOUT_MS = 10_000
/** When the system starts to ask whether the other end of a silent connection is still there. */
const TCP_KEEPALIVE_DELAY_MS = 60_000
/** What a call that is given up has to send its status, before its connection is cut. */
const LAST_WORDS_MS = 200

/**
 * Serves gRPC over HTTP/2 without TLS.
 * @throws the system's error when the address cannot be listened on
 */
export async function listenGrpc(options: GrpcListenerOptions): Promise<Listener> {
  const { limits } = options
  const running = new RunningCalls(limits.maxConcurrentCalls)
  const server = createServer(http2Options(limits))
  server.maxConnections = limits.maxConnections
  const sockets = trackSockets(server)
  server.on('session', openSession)
  server.on(
    'stream',
    createCallAcceptor(options, {
      limits,
      budget: new ByteBudget(limits.maxInFlightBytes),
      running,
      statusOf: guardStatus(options.toStatus),
      onFinish: options.onFinish,
    }),
  )
  const port = await listen(server, options.host, options.port)

  let closing: Promise<void> | undefined
  return {
    host: options.host,
    port,
    close(graceMs) {
      closing ??= drain(server, running, sockets, graceMs)
      return closing
    },
  }
}

/** The sockets themselves: a session that has said goodbye lets go of its socket while it is still open. */
function trackSockets(server: Http2Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.setKeepAlive(true, TCP_KEEPALIVE_DELAY_MS)
    socket.once('close', () => sockets.delete(socket))
  })
  return sockets
}

function openSession(session: ServerHttp2Session): void {
  // The first bytes were not HTTP/2.
  if (session.destroyed) return
  session.setLocalWindowSize(CONNECTION_WINDOW_BYTES)
  const timer = setTimeout(() => session.destroy(), PREFACE_TIMEOUT_MS)
  // A client's first frame, by which it is known to speak HTTP/2 (RFC 9113, section 3.4).
  session.once('remoteSettings', () => clearTimeout(timer))
  session.once('close', () => clearTimeout(timer))
}

function listen(server: Http2Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      // From here on an error concerns one connection that could not be accepted (no file
      // descriptors left); its client sees it closed, and the others stay.
      server.on('error', () => {})
      const address = server.address()
      resolve(address !== null && typeof address === 'object' ? address.port : port)
    })
  })
}

async function drain(
  server: Http2Server,
  running: RunningCalls,
  sockets: ReadonlySet<Socket>,
  graceMs: number,
): Promise<void> {
  let timer = setTimeout(() => {
    running.failAll(
      new ServingError(
        'UNAVAILABLE',
        `the server is stopping, and the call was not done after ${graceMs} ms`,
      ),
    )
    timer = setTimeout(() => {
      for (const socket of sockets) socket.destroy()
    }, LAST_WORDS_MS)
  }, graceMs)
  // Tells every client to go away (GOAWAY), closes each connection after its last call, and calls
  // back after the last connection.
  await new Promise<void>(resolve => {
    server.close(() => resolve())
  })
  clearTimeout(timer)
}
