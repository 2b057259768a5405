/** One message of a stream of server-sent events. */
export interface SentEvent {
  /** `message` where the stream names none. */
  readonly event: string
  readonly id: string | undefined
  readonly data: string
}

/**
 * Splits text that comes in pieces into events; comments, which only keep the connection alive, are left out.
 * A piece gives the events that it completes.
 */
export function createEventReader(): (piece: string) => readonly SentEvent[] {
  let rest = ''
  return piece => {
    const text = rest + piece
    // A carriage return at the end may be half of a line's end.
    const isHalf = text.endsWith('\r')
    const blocks = (isHalf ? text.slice(0, -1) : text).replaceAll(/\r\n?/g, '\n').split('\n\n')
    rest = (blocks.pop() ?? '') + (isHalf ? '\r' : '')
    return blocks.flatMap(block => readBlock(block) ?? [])
  }
}

function readBlock(block: string): SentEvent | undefined {
  let event = 'message'
  let id: string | undefined
  const data: string[] = []
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':')
    const name = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (name === 'event') event = value
    else if (name === 'id') id = value
    else if (name === 'data') data.push(value)
  }
  return data.length === 0 ? undefined : { event, id, data: data.join('\n') }
}
