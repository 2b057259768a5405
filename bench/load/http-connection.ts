import { connect, type Socket } from 'node:net'
import { type LoadListener, microseconds, READ_BUFFER } from './load-run.ts'

const HEAD_END = Buffer.from('\r\n\r\n')
/** Longer than any head in this place; without it a server that never ends one would fill the memory. */
const MAX_HEAD_BYTES = 16_384

export interface HttpExchangeBytes {
  /** The request as it goes out, head and body. */
  readonly request: Buffer
  /** How long the body of every answer is. */
  readonly responseBodyBytes: number
}

/**
 * One HTTP/1.1 connection that sends the same request again and again. It looks at an answer's status
 * and length only, so that it costs less than the server it loads; what the body says has been
 * checked before.
 */
export class HttpConnection {
  readonly #exchange: HttpExchangeBytes
  readonly #listener: LoadListener
  readonly #socket: Socket
  /** The beginning of a head whose end has not arrived. */
  #partialHead: Buffer | null = null
  #bodyRemainingBytes = 0
  #sentAtUs = 0
  #isClosed = false

  constructor(port: number, exchange: HttpExchangeBytes, listener: LoadListener) {
    this.#exchange = exchange
    this.#listener = listener
    this.#socket = connect({
      host: '127.0.0.1',
      port,
      noDelay: true,
      onread: {
        buffer: READ_BUFFER,
        callback: (length, buffer) => {
          this.#read(buffer as Buffer, length)
          return true
        },
      },
    })
    this.#socket.on('connect', () => this.#send())
    this.#socket.on('error', error => this.#fail(error.message))
    this.#socket.on('close', () => this.#fail('the server closed the connection'))
  }

  close(): void {
    this.#isClosed = true
    this.#socket.destroy()
  }

  #send(): void {
    this.#sentAtUs = microseconds()
    this.#socket.write(this.#exchange.request)
  }

  #read(buffer: Buffer, length: number): void {
    let offset = 0
    while (offset < length && !this.#isClosed) {
      if (this.#bodyRemainingBytes === 0) {
        offset = this.#readHead(buffer, offset, length)
        continue
      }
      const taken = Math.min(this.#bodyRemainingBytes, length - offset)
      offset += taken
      this.#bodyRemainingBytes -= taken
      if (this.#bodyRemainingBytes === 0) {
        this.#listener.onAnswer(microseconds() - this.#sentAtUs)
        this.#send()
      }
    }
  }

  /** @returns where the body begins */
  #readHead(buffer: Buffer, start: number, length: number): number {
    const arrived = buffer.subarray(start, length)
    const earlier = this.#partialHead
    const bytes = earlier === null ? arrived : Buffer.concat([earlier, arrived])
    const end = bytes.indexOf(HEAD_END)
    if (end === -1) {
      if (bytes.length > MAX_HEAD_BYTES)
        this.#fail(`the head of an answer is longer than ${MAX_HEAD_BYTES} bytes`)
      // Copied: the next read overwrites it.
      this.#partialHead = Buffer.from(bytes)
      return length
    }
    this.#partialHead = null
    this.#checkHead(bytes.toString('latin1', 0, end))
    this.#bodyRemainingBytes = this.#exchange.responseBodyBytes
    return start + end + HEAD_END.length - (earlier?.length ?? 0)
  }

  #checkHead(head: string): void {
    if (/\r\nconnection: *close/i.test(head)) {
      this.#fail(
        'the server ends the connection after an answer; what is measured here is requests, not connections',
      )
      return
    }
    const bodyBytes = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    if (head.startsWith('HTTP/1.1 200') && Number(bodyBytes) === this.#exchange.responseBodyBytes) return
    this.#fail(
      `an answer of ${this.#exchange.responseBodyBytes} bytes with status 200 was expected; it began: ${head}`,
    )
  }

  #fail(message: string): void {
    if (this.#isClosed) return
    this.close()
    this.#listener.onFailure(new Error(message))
  }
}
