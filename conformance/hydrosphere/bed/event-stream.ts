/** One message of a stream of server-sent events. */
export interface SentEvent {
  /** `message` where the stream names none. */
  readonly event: string
  readonly id: string | undefined
  readonly data: string
}

export interface EventStream {
  /** The next one that suits, from where the last search ended. Rejects when the stream ends before. */
  readonly next: (suits: (event: SentEvent) => boolean) => Promise<SentEvent>
  /** All that is still to come. */
  readonly rest: () => Promise<readonly SentEvent[]>
  readonly close: () => Promise<void>
}

/** Subscribes; resolves when the server has begun to answer. Rejects for an answer that is no stream of events. */
export async function openEvents(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<EventStream> {
  const leaving = new AbortController()
  const response = await fetch(url, {
    headers: { accept: 'text/event-stream', ...headers },
    signal: leaving.signal,
  })
  const type = response.headers.get('content-type') ?? ''
  if (!response.ok || !type.startsWith('text/event-stream')) {
    throw new Error(`${url} answers ${response.status} ${type}: ${await response.text()}`)
  }
  const events = read(response.body!.pipeThrough(new TextDecoderStream()))
  return {
    async next(suits) {
      for (;;) {
        const { value, done } = await events.next()
        if (done === true) throw new Error(`${url} ended before the event that was awaited`)
        if (suits(value)) return value
      }
    },
    async rest() {
      const all: SentEvent[] = []
      for (;;) {
        const { value, done } = await events.next()
        if (done === true) return all
        all.push(value)
      }
    },
    async close() {
      leaving.abort()
      await events.return(undefined).catch(() => undefined)
    },
  }
}

async function* read(chunks: AsyncIterable<string>): AsyncGenerator<SentEvent, undefined, undefined> {
  let text = ''
  for await (const chunk of chunks) {
    text += chunk.replaceAll('\r\n', '\n')
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const event = parse(text.slice(0, end))
      text = text.slice(end + 2)
      if (event !== undefined) yield event
    }
  }
  return undefined
}

/** Nothing for a comment, which keeps the connection alive. */
function parse(block: string): SentEvent | undefined {
  const fields = new Map<string, string>()
  for (const line of block.split('\n')) {
    if (line.startsWith(':')) continue
    const [, name = '', value = ''] = /^([^:]+):? ?(.*)$/.exec(line) ?? []
    const before = fields.get(name)
    fields.set(name, name === 'data' && before !== undefined ? `${before}\n${value}` : value)
  }
  if (!fields.has('data') && !fields.has('event')) return undefined
  return { event: fields.get('event') ?? 'message', id: fields.get('id'), data: fields.get('data') ?? '' }
}
