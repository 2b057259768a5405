import { tooLarge } from './response-body.ts'

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

/**
 * The `data` of each server-sent event (HTML standard, "Server-sent events"); names, ids and comments are
 * skipped. Lines end with LF or CRLF.
 * @throws ServingError RESOURCE_EXHAUSTED for an event of more than `maxBytes`
 */
export async function* eventData(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Buffer, void, undefined> {
  /** What has come of the line at the end. */
  let open: Uint8Array[] = []
  let openBytes = 0
  let data: Buffer[] = []
  let dataBytes = 0
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      const line = withoutReturn(Buffer.concat([...open, chunk.subarray(start, end)]))
      open = []
      openBytes = 0
      start = end + 1
      if (line.length === 0) {
        if (data.length > 0) yield joinLines(data)
        data = []
        dataBytes = 0
      } else {
        const value = dataOf(line)
        if (value === undefined) continue
        dataBytes += value.length + 1
        if (dataBytes > maxBytes) throw tooLarge(maxBytes)
        data.push(value)
      }
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

function dataOf(line: Buffer): Buffer | undefined {
  const prefix = line.subarray(0, 5).toString('latin1')
  if (prefix !== 'data:') return undefined
  return line.subarray(line[5] === 0x20 ? 6 : 5)
}

function joinLines(lines: readonly Buffer[]): Buffer {
  if (lines.length === 1) return lines[0]!
  return Buffer.concat(lines.flatMap((line, index) => (index === 0 ? [line] : [Buffer.of(LINE_FEED), line])))
}
