import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { ServingError } from '@millrace/sdk'
import type { AdmissionCheck } from '../admission-check.ts'
import { DeadlineQueue } from '../deadline-queue.ts'
import { Handshakes } from '../tls/handshakes.ts'
import { followCredentials, toTlsOptions } from '../tls/secure-context.ts'
import { Admission } from './admission.ts'
import type { BodyLimits } from './body-reader.ts'
import { Connection } from './connection.ts'
import { createCors, isPreflight } from './cors.ts'
import { createErrorResponder } from './error-response.ts'
import { Exchange, type ExchangeContext } from './exchange.ts'
import { askBefore, type HandOver, handOver } from './handed-over.ts'
import type { HttpListenerOptions, HttpRoute, Listener } from './http-types.ts'
import { IncomingRequest } from './incoming-request.ts'
import { checkLimits } from './limits-check.ts'
import { listenerErrors } from './listener-errors.ts'
import { createServer } from './node-http.ts'
import { serializeResponse } from './raw-response.ts'
import { type Expectation, objectionTo } from './request-check.ts'
import { contentLength } from './request-head.ts'
import { pathOf } from './request-target.ts'
import { createRouter, type RouteMatch, type Router } from './router.ts'

/** What a request that somebody else answers may take to arrive: whole models are uploaded. */
const UPLOAD_TIMEOUT_MS = 60 * 60 * 1000
/** Connections beyond `maxConnections` that are still told so; further ones are closed without a word. */
const SURPLUS_CONNECTIONS = 64

/**
 * Opens a port that answers HTTP/1.1 with the given routes; resolves when it listens.
 * @throws the system's error, e.g. with code `EADDRINUSE`, when the port cannot be opened
 * @throws RangeError for a limit that is none
 */
export async function listenHttp(options: HttpListenerOptions): Promise<Listener> {
  checkLimits(options.limits)
  const listener = new HttpListener(options)
  await listener.open()
  return listener
}

class HttpListener implements Listener {
  readonly #options: HttpListenerOptions
  readonly #router: Router
  readonly #context: ExchangeContext
  readonly #bodyLimits: BodyLimits
  /** What decides about requests that somebody else answers, or `null`. */
  readonly #handOverCheck: AdmissionCheck | null
  readonly #server: Server | TlsServer
  readonly #checks: ReadonlyMap<HttpRoute, AdmissionCheck> | undefined
  /** Those of routes that come and go, by route; `null` for one that asks for nothing. */
  readonly #changingChecks = new WeakMap<HttpRoute, AdmissionCheck | null>()
  readonly #handshakes: Handshakes | undefined
  readonly #connections = new Map<Duplex, Connection>()
  #address = { address: '', port: 0 }
  #closed: Promise<void> | undefined

  constructor(options: HttpListenerOptions) {
    const { limits, routes, changingRoutes, tls, cors } = options
    this.#options = options
    this.#router = createRouter(routes, changingRoutes)
    this.#context = {
      options,
      toErrorResponse: createErrorResponder(options.toErrorResponse),
      admission: new Admission(limits),
      deadlines: new DeadlineQueue(),
      cors: cors === undefined ? undefined : createCors(cors),
    }
    this.#checks = checksOf(options)
    this.#handOverCheck = options.handOver === undefined ? null : handOverCheck(options)
    this.#bodyLimits = { maxBodyBytes: limits.maxBodyBytes, budget: this.#context.admission.bodyBytes }
    const bodyTimeoutMs = limits.headersTimeoutMs + limits.requestTimeoutMs
    const serverOptions: ServerOptions = {
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.headersTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      // Deadlines are kept per request; this is for what nobody waits for any more, the trickling rest of a
      // body that was answered before it was read.
      requestTimeout:
        options.handOver === undefined ? bodyTimeoutMs : Math.max(bodyTimeoutMs, UPLOAD_TIMEOUT_MS),
      connectionsCheckingInterval: Math.max(10, Math.min(1000, Math.ceil(limits.headersTimeoutMs / 4))),
      joinDuplicateHeaders: true,
      // Checked here, so that the answer has the protocol's form.
      requireHostHeader: false,
    }
    if (tls === undefined) {
      this.#server = createServer(serverOptions)
    } else {
      const server = createTlsServer({ ...serverOptions, ...toTlsOptions(tls, limits.headersTimeoutMs) })
      this.#server = server
      this.#handshakes = new Handshakes(server)
      server.once('close', followCredentials(server, tls))
    }
    // Headers are bounded in bytes; Node's bound on their number would drop the surplus silently.
    this.#server.maxHeadersCount = 0
    this.#server.maxConnections = limits.maxConnections + SURPLUS_CONNECTIONS
    this.#attach(this.#server)
  }

  get host(): string {
    return this.#address.address
  }

  get port(): number {
    return this.#address.port
  }

  get isSecure(): boolean {
    return this.#options.tls !== undefined
  }

  async open(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#server.once('error', reject)
    this.#server.listen({ host: this.#options.host, port: this.#options.port }, resolve)
    await promise
    this.#server.off('error', reject)
    // From here on an error is a connection that could not be accepted (out of file descriptors): the
    // client finds it closed, and the listener goes on.
    this.#server.on('error', ignore)
    const address = this.#server.address()
    if (typeof address === 'object' && address !== null) this.#address = address
  }

  close(graceMs: number): Promise<void> {
    this.#closed ??= this.#drain()
    const timer = setTimeout(() => this.#abort(), Math.min(graceMs, 2 ** 31 - 1))
    return this.#closed.finally(() => clearTimeout(timer))
  }

  #drain(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    // Closes idle connections too; it resolves when the last one has gone.
    this.#server.close(() => resolve())
    this.#handshakes?.abort()
    for (const connection of this.#connections.values()) connection.drain()
    return promise
  }

  #abort(): void {
    const error = listenerErrors.shuttingDown()
    for (const connection of this.#connections.values()) connection.giveUp(error)
    // Lets the answers that were just written leave before their sockets go.
    setImmediate(() => {
      for (const { socket } of this.#connections.values()) socket.destroy()
    })
  }

  #attach(server: Server | TlsServer): void {
    // Of a TLS server, the socket that requests come over is the one behind the handshake.
    const isSecure = this.#options.tls !== undefined
    server.on(isSecure ? 'secureConnection' : 'connection', (socket: Socket) => this.#onConnection(socket))
    server.on('clientError', (error, socket) => {
      const connection = this.#connections.get(socket)
      if (connection === undefined) socket.destroy()
      else connection.onClientError(error)
    })
    server.on('request', (message, response) => this.#onRequest(message, response, undefined))
    server.on('checkContinue', (message, response) => this.#onRequest(message, response, 'CONTINUE'))
    server.on('checkExpectation', (message, response) => this.#onRequest(message, response, 'UNKNOWN'))
    server.on('connect', (message, socket) => this.#onConnect(message, socket))
  }

  #onConnection(socket: Socket): void {
    const { limits } = this.#options
    const connection = new Connection(socket, {
      limits,
      toErrorResponse: this.#context.toErrorResponse,
      isSurplus: this.#connections.size >= limits.maxConnections,
    })
    this.#connections.set(socket, connection)
    socket.on('close', () => this.#connections.delete(socket))
  }

  #onRequest(message: IncomingMessage, response: ServerResponse, expectation: Expectation): void {
    const connection = this.#connections.get(message.socket)
    // Requests pipelined behind one whose response ends the connection get no answer (RFC 9112 section 9.6).
    if (connection === undefined || connection.isEnding) return
    const { method = '', url = '' } = message
    const path = pathOf(url)
    if (this.#options.handOver?.takes(path) === true) {
      this.#giveAway(this.#options.handOver, connection, message, response)
      return
    }
    const match = this.#router.match(method, path)
    const isRouted = 'route' in match
    const route = isRouted ? match.route : undefined
    const head = { method, path, route, lengthBytes: contentLength(message) }
    const exchange = new Exchange(this.#context, connection, message, response, head)
    if (expectation === 'CONTINUE') exchange.writer.isContinueOwed = true
    const { cors } = this.#context
    if (cors !== undefined && isPreflight(method, message.headers)) {
      exchange.answerPreflight(cors)
      return
    }
    if (!isRouted) {
      exchange.refuse(match)
      return
    }
    const objection =
      objectionTo(message, head, expectation, this.#options.limits) ?? this.#tryAdmit(match.route, connection)
    if (objection !== undefined) {
      exchange.refuse(objection)
      return
    }
    const { writer, expiresAtMs } = exchange
    const sendContinue = writer.isContinueOwed ? () => writer.sendContinue() : undefined
    const { params } = match
    const request = new IncomingRequest(message, head, params, this.#bodyLimits, expiresAtMs, sendContinue)
    exchange.handle(match.route, request, this.#checkOf(match))
  }

  #giveAway(
    other: HandOver,
    connection: Connection,
    message: IncomingMessage,
    response: ServerResponse,
  ): void {
    const refuse = (error: unknown): void => {
      const { method = '', url = '' } = message
      const head = { method, path: pathOf(url), route: undefined, lengthBytes: contentLength(message) }
      new Exchange(this.#context, connection, message, response, head).refuse(ServingError.from(error, ''))
    }
    if (this.#handOverCheck === null) {
      handOver(other, connection, message, response)
      return
    }
    try {
      const asked = askBefore(this.#handOverCheck, message)
      if (asked === undefined) handOver(other, connection, message, response)
      else asked.then(() => handOver(other, connection, message, response), refuse)
    } catch (error) {
      refuse(error)
    }
  }

  #checkOf({ route, isChanging }: RouteMatch): AdmissionCheck | undefined {
    if (isChanging !== true) return this.#checks?.get(route)
    let check = this.#changingChecks.get(route)
    if (check === undefined) {
      check = this.#options.admissionOf?.(route) ?? null
      this.#changingChecks.set(route, check)
    }
    return check ?? undefined
  }

  /** Takes a place among the running requests, unless the route needs none, or says why there is none. */
  #tryAdmit(route: HttpRoute, connection: Connection): ServingError | undefined {
    if (route.isExemptFromLimits === true) return undefined
    const { maxConnections, maxConcurrentRequests } = this.#options.limits
    if (connection.isDraining) return listenerErrors.shuttingDown()
    if (connection.isSurplus) return listenerErrors.tooManyConnections(maxConnections)
    const isAdmitted = this.#context.admission.tryEnter()
    return isAdmitted ? undefined : listenerErrors.tooManyRequests(maxConcurrentRequests)
  }

  /** Node hands a CONNECT over with its bare socket: there is no response object to write to. */
  #onConnect({ url: path = '' }: IncomingMessage, socket: Duplex): void {
    const { onStart, onFinish } = this.#options
    onStart?.('CONNECT')
    const response = this.#context.toErrorResponse(listenerErrors.connectNotOffered())
    socket.on('error', ignore)
    socket.end(serializeResponse(response), () => socket.destroy())
    onFinish?.({ method: 'CONNECT', route: undefined, path, status: response.status, durationMs: 0 })
  }
}

/** As for a route of the path that everything that is given away stands for. */
function handOverCheck({ admissionOf }: HttpListenerOptions): AdmissionCheck | null {
  return admissionOf?.({ method: 'GET', path: '/api/', handle: notCalled }) ?? null
}

function notCalled(): never {
  throw new ServingError('INTERNAL', 'nobody calls this route')
}

/** `undefined` where no route asks for anything, so that requests are spared the question. */
function checksOf({ routes, admissionOf }: HttpListenerOptions): Map<HttpRoute, AdmissionCheck> | undefined {
  const checks = new Map<HttpRoute, AdmissionCheck>()
  for (const route of routes) {
    const check = admissionOf?.(route) ?? null
    if (check !== null) checks.set(route, check)
  }
  return checks.size === 0 ? undefined : checks
}

function ignore(): void {}
