/** The first place where a text breaks JSON's grammar (RFC 8259). */
export interface JsonSyntaxError {
  /** 1-based. */
  readonly line: number
  /** 1-based, in UTF-16 units, as editors count. */
  readonly column: number
  readonly message: string
}

const SPACE = /[ \t\r\n]*/y
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y

/** What may come next; the words of the message. */
type Expected =
  | 'a value'
  | "a value or ']'"
  | 'a name in double quotes'
  | "a name in double quotes or '}'"
  | "':'"
  | "',' or '}'"
  | "',' or ']'"
  | 'the end of the text'

/**
 * Says where `text` stops being JSON, or returns undefined if it is JSON. `JSON.parse` names the place
 * in some of its messages only, so this runs after it has failed.
 */
export function findJsonSyntaxError(text: string): JsonSyntaxError | undefined {
  // An explicit stack, because a hostile text can be nested deeper than calls can.
  const open: ('{' | '[')[] = []
  let expected: Expected = 'a value'
  let offset = 0

  const match = (pattern: RegExp): number => {
    pattern.lastIndex = offset
    return pattern.exec(text)?.[0].length ?? 0
  }
  const afterValue = (): Expected => {
    const container = open.at(-1)
    if (container === undefined) return 'the end of the text'
    return container === '{' ? "',' or '}'" : "',' or ']'"
  }

  for (;;) {
    offset += match(SPACE)
    const character = text[offset]
    if (character === undefined) {
      return expected === 'the end of the text'
        ? undefined
        : at(text, offset, expectedButFound(expected, text, offset))
    }
    const wanted: string = expected
    const isValueWanted = wanted.startsWith('a value')
    if (character === '"' && (isValueWanted || wanted.startsWith('a name'))) {
      const string = scanString(text, offset)
      if (string.problem !== undefined) return at(text, string.end, string.problem)
      offset = string.end
      expected = isValueWanted ? afterValue() : "':'"
    } else if ((character === '{' || character === '[') && isValueWanted) {
      open.push(character)
      offset++
      expected = character === '{' ? "a name in double quotes or '}'" : "a value or ']'"
    } else if ((character === '}' || character === ']') && wanted.endsWith(`'${character}'`)) {
      open.pop()
      offset++
      expected = afterValue()
    } else if (character === ',' && wanted.startsWith("','")) {
      offset++
      expected = open.at(-1) === '{' ? 'a name in double quotes' : 'a value'
    } else if (character === ':' && wanted === "':'") {
      offset++
      expected = 'a value'
    } else {
      const length = isValueWanted ? match(SCALAR) : 0
      if (length === 0) return at(text, offset, expectedButFound(expected, text, offset))
      offset += length
      expected = afterValue()
    }
  }
}

/** From the opening quote at `start` to behind the closing one, or to the character that is wrong. */
function scanString(text: string, start: number): { end: number; problem?: string } {
  let offset = start + 1
  for (;;) {
    const character = text[offset]
    if (character === '"') return { end: offset + 1 }
    if (character === undefined) return { end: start, problem: 'the text in double quotes does not end' }
    if (character < ' ') {
      return { end: offset, problem: 'line breaks and control characters in a text must be escaped, as \\n' }
    }
    if (character !== '\\') {
      offset++
      continue
    }
    ESCAPE.lastIndex = offset
    const escape = ESCAPE.exec(text)
    if (escape === null)
      return { end: offset, problem: 'this escape is not known; a backslash is written \\\\' }
    offset += escape[0].length
  }
}

function expectedButFound(expected: Expected, text: string, offset: number): string {
  const found = /\S{1,20}/y
  found.lastIndex = offset
  const word = found.exec(text)?.[0]
  return `expected ${expected}, found ${word === undefined ? 'the end of the text' : JSON.stringify(word)}`
}

function at(text: string, offset: number, message: string): JsonSyntaxError {
  const lines = text.slice(0, offset).split(/\r\n|\n|\r/)
  return { line: lines.length, column: lines.at(-1)!.length + 1, message }
}
