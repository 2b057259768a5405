/** One response as it stood on the wire. */
export interface Http1Reply {
  readonly status: number
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
}

export interface ParsedReply {
  readonly reply: Http1Reply
  /** Bytes that it took. */
  readonly sizeBytes: number
}

/** A response that breaks RFC 9112; the message says how. */
export class MalformedReply extends Error {}

const HEAD_END = '\r\n\r\n'
const LINE_END = '\r\n'

/**
 * Reads the response at the start of `bytes`, as strictly as a client may.
 * @returns `undefined` when more bytes are needed
 * @throws MalformedReply
 */
export function parseReply(bytes: Buffer, isBodiless: boolean): ParsedReply | undefined {
  const headEnd = bytes.indexOf(HEAD_END)
  if (headEnd === -1) return undefined
  const { status, headers } = parseHead(bytes.toString('latin1', 0, headEnd))
  const start = headEnd + HEAD_END.length
  const length = headers.get('content-length')
  const coding = headers.get('transfer-encoding')
  if (length !== undefined && coding !== undefined)
    throw new MalformedReply('both a length and a transfer encoding')
  if (isBodiless || status < 200 || status === 204 || status === 304) {
    return { reply: { status, headers, body: Buffer.alloc(0) }, sizeBytes: start }
  }
  if (coding !== undefined) {
    if (coding !== 'chunked') throw new MalformedReply(`transfer encoding '${coding}'`)
    const chunks = parseChunks(bytes, start)
    return chunks && { reply: { status, headers, body: chunks.body }, sizeBytes: chunks.end }
  }
  // Legal for a response that ends with its connection, but nothing here has a reason to do that.
  if (length === undefined) throw new MalformedReply('neither a length nor a transfer encoding')
  if (!/^\d{1,15}$/.test(length)) throw new MalformedReply(`content-length '${length}'`)
  const end = start + Number(length)
  return bytes.length < end
    ? undefined
    : { reply: { status, headers, body: bytes.subarray(start, end) }, sizeBytes: end }
}

function parseHead(head: string): Pick<Http1Reply, 'status' | 'headers'> {
  const [statusLine = '', ...lines] = head.split(LINE_END)
  const status = /^HTTP\/1\.1 (\d{3}) [\t -~]*$/.exec(statusLine)?.[1]
  if (status === undefined) throw new MalformedReply(`status line ${JSON.stringify(statusLine)}`)
  const headers = new Map<string, string>()
  for (const line of lines) {
    const [, name = '', value = ''] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? []
    if (name === '') throw new MalformedReply(`header line ${JSON.stringify(line)}`)
    const key = name.toLowerCase()
    headers.set(key, headers.has(key) ? `${headers.get(key)}, ${value}` : value)
  }
  return { status: Number(status), headers }
}

function parseChunks(
  bytes: Buffer,
  start: number,
): { readonly body: Buffer; readonly end: number } | undefined {
  const pieces: Buffer[] = []
  let position = start
  for (;;) {
    const lineEnd = bytes.indexOf(LINE_END, position)
    if (lineEnd === -1) return undefined
    const line = bytes.toString('latin1', position, lineEnd)
    if (!/^[0-9a-f]{1,8}$/i.test(line)) throw new MalformedReply(`chunk of size ${JSON.stringify(line)}`)
    const dataStart = lineEnd + LINE_END.length
    const dataEnd = dataStart + Number.parseInt(line, 16)
    if (bytes.length < dataEnd + LINE_END.length) return undefined
    if (bytes.toString('latin1', dataEnd, dataEnd + LINE_END.length) !== LINE_END) {
      throw new MalformedReply('a chunk that does not end with its line')
    }
    pieces.push(bytes.subarray(dataStart, dataEnd))
    position = dataEnd + LINE_END.length
    if (dataStart === dataEnd) return { body: Buffer.concat(pieces), end: position }
  }
}
