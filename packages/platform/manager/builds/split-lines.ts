/** A line longer than this becomes several. */
const LINE_LENGTH_MAX = 8_192
const ESCAPE = String.fromCharCode(27)
/** Colours and movements of a terminal's cursor. */
const TERMINAL_CODES = new RegExp(`${ESCAPE}\\[[0-9;?]*[A-Za-z]`, 'g')

/**
 * The lines of a program's output, those that came together in one list. A carriage return ends a line, too, as it does in
 * the eyes of who watches progress; bytes that are no UTF-8 are replaced.
 */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r(?!$)/)
    rest = parts.pop()!
    while (rest.length > LINE_LENGTH_MAX) {
      parts.push(rest.slice(0, LINE_LENGTH_MAX))
      rest = rest.slice(LINE_LENGTH_MAX)
    }
    if (parts.length > 0) yield parts.map(clean)
  }
  rest = (rest + decoder.decode()).replace(/\r$/, '')
  if (rest !== '') yield [clean(rest)]
}

function clean(line: string): string {
  return line.replaceAll(TERMINAL_CODES, '')
}
