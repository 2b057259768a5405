import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type ServerHttp2Session,
} from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { ServingError } from '@millrace/sdk'
import { ByteBudget } from '../../base/index.ts'
import { DeadlineQueue } from '../deadline-queue.ts'
import type { Listener } from '../http/http-types.ts'
import { Handshakes } from '../tls/handshakes.ts'
import { followCredentials, toTlsOptions } from '../tls/secure-context.ts'
import { listenOnSocket } from '../unix-socket.ts'
import { createCallAcceptor } from './accept-calls.ts'
import { checkLimits } from './check-limits.ts'
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
/** Timers of node overflow above, and then fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * Opens a port or a Unix socket that answers gRPC over HTTP/2, over TLS if `tls` says so; resolves when it listens.
 * @throws the system's error, e.g. with code `EADDRINUSE`, when the port cannot be opened
 * @throws RangeError for a limit that is none, ServingError INTERNAL for a method's path that is none
 */
export async function listenGrpc(options: GrpcListenerOptions): Promise<Listener> {
  const { limits } = options
  checkLimits(limits)
  const running = new RunningCalls(limits.maxConcurrentCalls)
  const { server, handshakes } = createHttp2Server(options)
  server.maxConnections = limits.maxConnections
  const sockets = trackSockets(server)
  server.on('session', openSession)
  server.on(
    'stream',
    createCallAcceptor(options, {
      limits,
      budget: new ByteBudget(limits.maxInFlightBytes),
      running,
      deadlines: new DeadlineQueue(),
      statusOf: guardStatus(options.toStatus),
      onFinish: options.onFinish,
    }),
  )
  const address = await listen(server, options)

  const closed = new Promise<void>(resolve => server.once('close', resolve))
  let isClosing = false
  return {
    ...address,
    isSecure: options.tls !== undefined,
    async close(graceMs) {
      // Tells every client to go away (GOAWAY), and closes each connection after its last call.
      if (!isClosing) {
        server.close()
        handshakes?.abort()
      }
      isClosing = true
      // Asked again, the listener keeps to the shorter time.
      const timer = setTimeout(() => giveUp(running, sockets), Math.min(graceMs, MAX_TIMER_MS))
      await closed
      clearTimeout(timer)
    },
  }
}

interface Created {
  readonly server: Http2Server | Http2SecureServer
  /** `undefined` without TLS. */
  readonly handshakes: Handshakes | undefined
}

function createHttp2Server({ limits, tls }: GrpcListenerOptions): Created {
  if (tls === undefined) return { server: createServer(http2Options(limits)), handshakes: undefined }
  const server = createSecureServer({
    ...http2Options(limits),
    ...toTlsOptions(tls, PREFACE_TIMEOUT_MS),
    ALPNProtocols: ['h2'],
    allowHTTP1: false,
  })
  server.once('close', followCredentials(server, tls))
  return { server, handshakes: new Handshakes(server) }
}

function giveUp(running: RunningCalls, sockets: ReadonlySet<Socket>): void {
  running.failAll(
    new ServingError('UNAVAILABLE', 'the server is stopping and cannot wait for the call any longer'),
  )
  // Needs nobody to wait for it: without sockets there is nothing to do.
  setTimeout(() => {
    for (const socket of sockets) socket.destroy()
  }, LAST_WORDS_MS).unref()
}

/** The sockets themselves: a session that has said goodbye lets go of its socket while it is still open. */
function trackSockets(server: Http2Server | Http2SecureServer): ReadonlySet<Socket> {
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

async function listen(
  server: Http2Server | Http2SecureServer,
  { host, port, socket }: GrpcListenerOptions,
): Promise<Pick<Listener, 'host' | 'port'>> {
  if (socket !== undefined) await listenOnSocket(server, socket)
  else await listenOnPort(server, host, port)
  // From here on an error is a connection that could not be accepted (out of file descriptors): its
  // client finds it closed, and the listener goes on.
  server.on('error', () => {})
  if (socket !== undefined) return { host: socket.path, port: 0 }
  const { address, port: chosen } = server.address() as AddressInfo
  return { host: address, port: chosen }
}

async function listenOnPort(
  server: Http2Server | Http2SecureServer,
  host: string,
  port: number,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(port, host, resolve)
  await promise
  server.off('error', reject)
}
