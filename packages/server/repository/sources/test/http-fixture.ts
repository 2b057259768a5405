import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

export interface HttpFixture {
  /** Without a slash at the end. */
  readonly origin: string
  /** `METHOD path`, and the range where one was asked for, of every request so far. */
  readonly requests: readonly string[]
}

export type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void

/** A web server on this machine, closed with the test. `count` is that of earlier requests with this method and path. */
export async function startHttp(t: TestContext, handle: Handler): Promise<HttpFixture> {
  const requests: string[] = []
  const counts = new Map<string, number>()
  const server = createServer((request, response) => {
    const key = `${request.method} ${request.url}`
    const { range } = request.headers
    requests.push(range === undefined ? key : `${key} ${range}`)
    const count = counts.get(key) ?? 0
    counts.set(key, count + 1)
    handle(request, response, count)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests }
}

/** Answers as a server of static files does: ETag, HEAD, Range and If-Range. */
export function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  content: Uint8Array | string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const bytes = Buffer.from(content as Uint8Array)
  const etag = etagOf(bytes)
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
  const isPart = start > 0 && [undefined, etag].includes(request.headers['if-range'] as string | undefined)
  const body = isPart ? bytes.subarray(start) : bytes
  const range = isPart ? { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {}
  response.writeHead(isPart ? 206 : 200, { etag, 'content-length': body.length, ...range, ...headers })
  response.end(request.method === 'HEAD' ? undefined : body)
}

export function etagOf(content: Uint8Array | string): string {
  return `"${createHash('md5').update(content).digest('hex')}"`
}
