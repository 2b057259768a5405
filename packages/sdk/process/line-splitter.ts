import { StringDecoder } from 'node:string_decoder'

/** A longer line is cut. */
const MAX_LINE_CHARACTERS = 8192

/** Cuts a program's output into lines, in bounded memory. */
export interface LineSplitter {
  readonly push: (chunk: Uint8Array) => void
  /** Hands out what is left when the output has ended without a line break. */
  readonly end: () => void
}

/** @param onLine gets every line that is not empty, without its line break */
export function createLineSplitter(onLine: (line: string) => void): LineSplitter {
  const decoder = new StringDecoder('utf8')
  let held = ''
  let isCut = false
  const flush = () => {
    const line = held.endsWith('\r') ? held.slice(0, -1) : held
    if (line !== '') onLine(isCut ? `${line}…` : line)
    held = ''
    isCut = false
  }
  const add = (text: string) => {
    const room = MAX_LINE_CHARACTERS - held.length
    if (text.length > room) isCut = true
    held += text.length > room ? text.slice(0, room) : text
  }
  const push = (text: string) => {
    let start = 0
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', start)) {
      add(text.slice(start, at))
      flush()
      start = at + 1
    }
    add(text.slice(start))
  }
  return {
    push: chunk => push(decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))),
    end() {
      push(decoder.end())
      flush()
    },
  }
}
