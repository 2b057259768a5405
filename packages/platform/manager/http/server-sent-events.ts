import { type Logger, ServingError } from '@millrace/sdk'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** One event as it is written. */
export interface ServerSentEvent {
  /** Default: none, which clients call `message`. */
  readonly event?: string | undefined
  readonly id?: string | number | undefined
  /** Each line becomes a `data:` line. */
  readonly data: string
}

export interface EventStream {
  /** Aborted when the client has left, or the manager closes. */
  readonly signal: AbortSignal
  /** Resolves when the socket takes more. Does nothing once the signal is aborted. */
  send(event: ServerSentEvent): Promise<void>
}

export interface EventStreamOptions {
  /** A comment is sent as often as this. */
  readonly heartbeatMs: number
  /** Ends every stream: the manager's. */
  readonly signal: AbortSignal
  readonly log: Logger
}

/**
 * Answers with a stream of events, until `work` has ended or its signal is aborted. What must be checked before the
 * answer begins comes before this call: an error of `work` can only cut the stream off, and is logged.
 */
export async function streamEvents(
  reply: FastifyReply,
  { heartbeatMs, signal: closing, log }: EventStreamOptions,
  work: (stream: EventStream) => Promise<void>,
): Promise<void> {
  const response = reply.raw
  const left = new AbortController()
  const leave = () => left.abort(new ServingError('CANCELLED', 'the client has left'))
  const signal = AbortSignal.any([left.signal, closing])
  reply.hijack()
  response.once('close', leave)
  response.on('error', leave)
  response.writeHead(200, {
    ...(reply.getHeaders() as Readonly<Record<string, string>>),
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache, no-transform',
    // Proxies would keep events back until there are enough of them.
    'x-accel-buffering': 'no',
  })
  response.flushHeaders()
  const beat = setInterval(() => {
    // A client that does not read gets no more of them.
    if (!response.writableNeedDrain) response.write(':\n\n')
  }, heartbeatMs)
  try {
    if (!signal.aborted) await work({ signal, send: event => write(response, formatEvent(event), signal) })
    response.end()
  } catch (error) {
    response.destroy()
    if (!signal.aborted) log.error('a stream of events was cut off', { error })
  } finally {
    clearInterval(beat)
  }
}

/** The `Last-Event-ID` with which a client goes on; `undefined` if it says none, or one that was never given. */
export function lastEventId(request: FastifyRequest): number | undefined {
  const header = request.headers['last-event-id']
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : undefined
}

function formatEvent({ event, id, data }: ServerSentEvent): string {
  const lines: string[] = []
  if (event !== undefined) lines.push(`event: ${event}`)
  if (id !== undefined) lines.push(`id: ${id}`)
  for (const line of data.split(/\r\n|\r|\n/)) lines.push(`data: ${line}`)
  return `${lines.join('\n')}\n\n`
}

async function write(response: FastifyReply['raw'], text: string, signal: AbortSignal): Promise<void> {
  if (signal.aborted || response.write(text)) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const done = () => resolve()
  response.once('drain', done)
  signal.addEventListener('abort', done, { once: true })
  await promise
  response.off('drain', done)
  signal.removeEventListener('abort', done)
}
