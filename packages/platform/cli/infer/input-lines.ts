const LINE_FEED = 0x0a

/** One line of a JSON Lines file. */
export interface InputLine {
  /** From 0. */
  readonly index: number
  /** Without its end; undefined where the line is longer than it may be. */
  readonly bytes: Uint8Array | undefined
}

/** Longest line that is read; a longer one is skipped and told. */
export const MAX_LINE_BYTES = 256 * 1024 * 1024

/**
 * The lines of a stream, one at a time: no more than a chunk and an open line are in memory. A stream that
 * ends without a line end has its last line all the same.
 * @param onBytes called with the size of each chunk that was taken from the source
 */
export async function* readLines(
  source: AsyncIterable<Uint8Array>,
  maxLineBytes: number = MAX_LINE_BYTES,
  onBytes: (sizeBytes: number) => void = () => {},
): AsyncGenerator<InputLine, void, undefined> {
  let index = 0
  let open: Uint8Array[] = []
  let openBytes = 0
  const take = (last: Uint8Array): InputLine => {
    const isTooLong = openBytes + last.length > maxLineBytes
    const bytes = isTooLong ? undefined : open.length === 0 ? last : Buffer.concat([...open, last])
    open = []
    openBytes = 0
    return { index: index++, bytes }
  }
  for await (const chunk of source) {
    onBytes(chunk.length)
    let start = 0
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      yield take(chunk.subarray(start, end))
      start = end + 1
    }
    const rest = chunk.subarray(start)
    openBytes += rest.length
    // What is known to be too long is only counted.
    if (openBytes > maxLineBytes) open = []
    else if (rest.length > 0) open.push(rest)
  }
  if (openBytes > 0) yield take(new Uint8Array())
}
