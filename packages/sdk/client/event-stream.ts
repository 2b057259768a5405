import { tooLarge } from './response-body.ts'

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const SPACE = 0x20
const DATA = Buffer.from('data:')
const NAME = Buffer.from('event:')
const ID = Buffer.from('id:')

/** What a server sent by itself (HTML standard, "Server-sent events"). */
export interface ServerSentEvent {
  /** `message` where the event has none. */
  readonly name: string
  /** Of this event; undefined where it has none. */
  readonly id: string | undefined
  readonly data: Buffer
}

/**
 * The `data` of each server-sent event; comments and events without `data` are skipped.
 * @throws ServingError RESOURCE_EXHAUSTED for an event of more than `maxBytes`
 */
export async function* eventData(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Buffer, void, undefined> {
  for await (const { data } of serverSentEvents(chunks, maxBytes)) yield data
}

/**
 * Each server-sent event that has a `data` line; comments are skipped. Lines end with LF or CRLF.
 * @throws ServingError RESOURCE_EXHAUSTED for an event of more than `maxBytes`
 */
export async function* serverSentEvents(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  /** What has come of the line at the end. */
  let open: Uint8Array[] = []
  let openBytes = 0
  let data: Buffer[] = []
  let dataBytes = 0
  let name = 'message'
  let id: string | undefined
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      const line = withoutReturn(Buffer.concat([...open, chunk.subarray(start, end)]))
      open = []
      openBytes = 0
      start = end + 1
      if (line.length === 0) {
        if (data.length > 0) yield { name, id, data: joinLines(data) }
        data = []
        dataBytes = 0
        name = 'message'
        id = undefined
        continue
      }
      const value = valueOf(line, DATA)
      if (value === undefined) {
        name = valueOf(line, NAME)?.toString() ?? name
        id = valueOf(line, ID)?.toString() ?? id
        continue
      }
      dataBytes += value.length + 1
      if (dataBytes > maxBytes) throw tooLarge(maxBytes)
      data.push(value)
    }
    const rest = chunk.subarray(start)
    openBytes += rest.length
    if (openBytes + dataBytes > maxBytes) throw tooLarge(maxBytes)
    open.push(rest)
  }
  // An event without its empty line is not complete, and the standard drops it.
}

function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line
}

/** What a line says after the name of its field; undefined if it has another. */
function valueOf(line: Buffer, field: Buffer): Buffer | undefined {
  if (!line.subarray(0, field.length).equals(field)) return undefined
  return line.subarray(line[field.length] === SPACE ? field.length + 1 : field.length)
}

function joinLines(lines: readonly Buffer[]): Buffer {
  if (lines.length === 1) return lines[0]!
  return Buffer.concat(lines.flatMap((line, index) => (index === 0 ? [line] : [Buffer.of(LINE_FEED), line])))
}
