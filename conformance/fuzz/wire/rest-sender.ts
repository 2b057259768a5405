import { connect, type Socket } from 'node:net'
import type { RestInput } from '../inputs/fuzz-input.ts'
import { type Http1Reply, MalformedReply, parseReply } from './http1-reply.ts'
import { DEADLINE_MS, type Outcome } from './outcome.ts'

/** Sends requests one after the other, on one connection for as long as the server keeps it. */
export class RestSender {
  readonly #port: number
  #socket: Socket | undefined

  constructor(port: number) {
    this.#port = port
  }

  async send(input: RestInput): Promise<Outcome> {
    // Nobody listened while it was idle.
    if (this.#socket?.destroyed === true) this.#socket = undefined
    const isReused = this.#socket !== undefined
    const outcome = await this.#exchange(input)
    // An idle connection may end at any time; only on a new one does it mean something (RFC 9112, section 9.3.1).
    return isReused && outcome.kind === 'lost' && outcome.reason === CLOSED_UNANSWERED
      ? this.#exchange(input)
      : outcome
  }

  close(): void {
    this.#socket?.resetAndDestroy()
    this.#socket = undefined
  }

  #exchange(input: RestInput): Promise<Outcome> {
    const socket = (this.#socket ??= open(this.#port))
    return new Promise(resolve => {
      let received: Buffer = Buffer.alloc(0)
      const finish = (outcome: Outcome, isReusable: boolean): void => {
        clearTimeout(timer)
        socket.removeAllListeners('data').removeAllListeners('close')
        if (!isReusable) {
          socket.destroy()
          if (this.#socket === socket) this.#socket = undefined
        }
        resolve(outcome)
      }
      const timer = setTimeout(
        () => finish({ kind: 'lost', reason: `no answer within ${DEADLINE_MS} ms` }, false),
        DEADLINE_MS,
      )
      socket.on('data', (chunk: Buffer) => {
        received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
        try {
          const found = finalReply(received, input.method === 'HEAD')
          if (found === undefined) return
          const { reply, isAlone } = found
          if (isAlone) finish({ kind: 'rest', reply }, isKept(reply))
          else finish({ kind: 'lost', reason: 'more bytes than one answer has' }, false)
        } catch (error) {
          if (!(error instanceof MalformedReply)) throw error
          finish({ kind: 'lost', reason: `malformed answer: ${error.message}` }, false)
        }
      })
      socket.on('close', () => {
        const reason = received.length === 0 ? CLOSED_UNANSWERED : 'the connection broke off inside an answer'
        finish({ kind: 'lost', reason }, false)
      })
      socket.write(requestBytes(input))
    })
  }
}

const CLOSED_UNANSWERED = 'the connection was closed without an answer'

function open(port: number): Socket {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  // Followed by `close`, which is what counts.
  socket.on('error', () => {})
  return socket
}

function finalReply(
  bytes: Buffer,
  isBodiless: boolean,
): { readonly reply: Http1Reply; readonly isAlone: boolean } | undefined {
  let rest = bytes
  for (;;) {
    const parsed = parseReply(rest, isBodiless)
    if (parsed === undefined) return undefined
    rest = rest.subarray(parsed.sizeBytes)
    // What is refused before it is a request, whatever its method, gets its body and the connection's end.
    const isRefusal = isBodiless && parsed.reply.headers.get('connection') === 'close'
    if (parsed.reply.status >= 200) return { reply: parsed.reply, isAlone: rest.length === 0 || isRefusal }
  }
}

function isKept({ headers }: Http1Reply): boolean {
  return headers.get('connection')?.toLowerCase() !== 'close'
}

function requestBytes({ method, target, headers, body, chunkBytes }: RestInput): Buffer {
  const lines = [
    `${method} ${target} HTTP/1.1`,
    'host: 127.0.0.1',
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ]
  if (body === undefined) return head(lines)
  if (chunkBytes === undefined)
    return Buffer.concat([head([...lines, `content-length: ${body.length}`]), body])
  const pieces: Uint8Array[] = [head([...lines, 'transfer-encoding: chunked'])]
  for (let start = 0; start < body.length; start += chunkBytes) {
    const chunk = body.subarray(start, start + chunkBytes)
    pieces.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'))
  }
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')])
}

function head(lines: readonly string[]): Buffer {
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}
