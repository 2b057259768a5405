import { Agent, request } from 'node:http'

export interface Reply {
  readonly status: number
  readonly text: string
  readonly retryAfter: string | undefined
}

/** Connections that stay open, at most so many. */
export class Connections {
  readonly #agent: Agent
  readonly #port: number

  constructor(port: number, count: number) {
    this.#port = port
    this.#agent = new Agent({ keepAlive: true, maxSockets: count, scheduling: 'fifo' })
  }

  /** @throws Error when the connection breaks */
  send(method: string, path: string, body?: string): Promise<Reply> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>()
    const outgoing = request(
      {
        agent: this.#agent,
        host: '127.0.0.1',
        port: this.#port,
        method,
        path,
        headers: body === undefined ? {} : { 'content-length': Buffer.byteLength(body) },
      },
      response => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (piece: string) => {
          text += piece
        })
        response.on('end', () => {
          const { statusCode: status = 0, headers } = response
          resolve({ status, text, retryAfter: headers['retry-after'] })
        })
        response.on('error', reject)
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
    return promise
  }

  /** Of an answer without a body, undefined. @throws Error unless the answer is 200 */
  async json<T>(method: string, path: string, body?: object): Promise<T> {
    const { status, text } = await this.send(
      method,
      path,
      body === undefined ? undefined : JSON.stringify(body),
    )
    if (status !== 200) throw new Error(`${method} ${path}: ${status} ${text}`)
    return (text === '' ? undefined : JSON.parse(text)) as T
  }

  close(): void {
    this.#agent.destroy()
  }
}

/** Does a task for each number below `count`, so many at a time. */
export async function forEach(
  count: number,
  lanes: number,
  task: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0
  const lane = async () => {
    for (let index = next++; index < count; index = next++) await task(index)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}
