import {
  type ClientHttp2Session,
  connect,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from 'node:http2'
import type { GrpcInput } from '../inputs/fuzz-input.ts'
import { DEADLINE_MS, type Outcome } from './outcome.ts'

/** Makes calls on one HTTP/2 connection, and on another when the server has ended it. */
export class GrpcSender {
  readonly #port: number
  #session: ClientHttp2Session | undefined

  constructor(port: number) {
    this.#port = port
  }

  send(input: GrpcInput): Promise<Outcome> {
    const session = this.#open()
    return new Promise(resolve => {
      const stream = session.request({
        ':method': 'POST',
        ':path': input.path,
        te: 'trailers',
        ...Object.fromEntries(input.headers),
      })
      let headers: IncomingHttpHeaders & IncomingHttpStatusHeader = {}
      let trailers: IncomingHttpHeaders = {}
      const pieces: Buffer[] = []
      let failure: Error | undefined
      const timer = setTimeout(() => {
        failure = new Error(`no end of the call within ${DEADLINE_MS} ms`)
        stream.destroy()
      }, DEADLINE_MS)
      stream.on('response', received => {
        headers = received
      })
      stream.on('trailers', (received: IncomingHttpHeaders) => {
        trailers = received
      })
      stream.on('data', (chunk: Buffer) => pieces.push(chunk))
      stream.on('error', error => {
        failure ??= error
      })
      stream.on('close', () => {
        clearTimeout(timer)
        const all = { ...headers, ...trailers }
        if (input.ending === 'cancel') resolve({ kind: 'abandoned' })
        else if (failure !== undefined && all['grpc-status'] === undefined)
          resolve({ kind: 'lost', reason: failure.message })
        else {
          resolve({
            kind: 'grpc',
            reply: {
              httpStatus: headers[':status'],
              contentType: headers['content-type'],
              grpcStatus: textOf(all['grpc-status']),
              grpcMessage: textOf(all['grpc-message']),
              grpcEncoding: textOf(headers['grpc-encoding']),
              bytes: Buffer.concat(pieces),
              resetCode: stream.rstCode,
            },
          })
        }
      })
      for (const piece of input.pieces) if (piece.length > 0) stream.write(piece)
      if (input.ending === 'end') stream.end()
      // Behind what was written, which a reset at once would overtake, but not until the last byte has left: the server may
      // have closed the window.
      else {
        setImmediate(() => {
          stream.close(constants.NGHTTP2_CANCEL)
          stream.destroy()
        })
      }
    })
  }

  close(): void {
    this.#session?.destroy()
    this.#session = undefined
  }

  #open(): ClientHttp2Session {
    const current = this.#session
    if (current !== undefined && !current.closed && !current.destroyed) return current
    const session = connect(`http://127.0.0.1:${this.#port}`)
    // Each of its streams reports what it lost.
    session.on('error', () => {})
    session.on('goaway', () => {
      if (this.#session === session) this.#session = undefined
    })
    this.#session = session
    return session
  }
}

function textOf(value: string | readonly string[] | undefined): string | undefined {
  return value === undefined || typeof value === 'string' ? value : value.join(',')
}
