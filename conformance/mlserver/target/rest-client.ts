import { Agent, request } from 'node:http'

/** An HTTP answer as it came; nothing is decompressed, followed or retried. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly text: string
  /** The body as JSON; `undefined` if it is none. */
  readonly json: unknown
  /** False if the connection ended before the body did. */
  readonly isWhole: boolean
  /** The pieces in which the body came, with the milliseconds since the first. */
  readonly pieces: readonly { readonly text: string; readonly atMs: number }[]
}

export interface HttpQuestion {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** An object or array is sent as JSON; text and bytes as they are, without a content type. */
  readonly body?: object | string | Uint8Array
  readonly timeoutMs?: number
}

/** One base URL, asked with `node:http`. A connection that cannot be made rejects. */
export interface RestClient {
  readonly url: string
  send(question: HttpQuestion): Promise<HttpAnswer>
  get(path: string): Promise<HttpAnswer>
  post(path: string, body?: HttpQuestion['body'], headers?: HttpQuestion['headers']): Promise<HttpAnswer>
  close(): void
}

export function restClient(url: string): RestClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const send = (question: HttpQuestion) => ask(url, question, agent)
  return {
    url,
    send,
    get: path => send({ path }),
    post: (path, body, headers = {}) =>
      send({ method: 'POST', path, headers, ...(body === undefined ? {} : { body }) }),
    close: () => agent.destroy(),
  }
}

function ask(url: string, question: HttpQuestion, agent: Agent): Promise<HttpAnswer> {
  const { method = 'GET', path, body, timeoutMs = 20_000 } = question
  const isJson = typeof body === 'object' && !(body instanceof Uint8Array)
  const bytes = body === undefined ? undefined : Buffer.from(isJson ? JSON.stringify(body) : body)
  const headers: Record<string, string> = {
    ...(isJson ? { 'content-type': 'application/json' } : {}),
    ...(bytes === undefined ? {} : { 'content-length': String(bytes.length) }),
    ...question.headers,
  }
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>()
  const call = request(new URL(path, url), { method, headers, agent }, response => {
    const chunks: Buffer[] = []
    const pieces: { text: string; atMs: number }[] = []
    let firstMs: number | undefined
    response.on('data', (chunk: Buffer) => {
      firstMs ??= performance.now()
      chunks.push(chunk)
      pieces.push({ text: chunk.toString(), atMs: performance.now() - firstMs })
    })
    // `close` says `complete` false for a body that was cut off; the error before it says no more.
    response.on('error', () => {})
    response.on('close', () => {
      const whole = Buffer.concat(chunks)
      const text = whole.toString()
      resolve({
        status: response.statusCode ?? 0,
        headers: Object.fromEntries(
          Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
        ),
        body: whole,
        text,
        json: parse(text),
        isWhole: response.complete,
        pieces,
      })
    })
  })
  call.on('error', reject)
  call.setTimeout(timeoutMs, () => call.destroy(new Error(`no answer within ${timeoutMs} ms`)))
  call.end(bytes)
  return promise
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
