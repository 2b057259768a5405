import { ServingError } from '@millrace/sdk'

/** A message in protobuf's text format: every field with all its values, in their order. */
export type TextMessage = ReadonlyMap<string, readonly TextValue[]>

/** Numbers, enums and texts as they are written, texts without their quotes. */
export type TextValue = string | TextMessage

const DEPTH_MAX = 32
const VALUES_MAX = 100_000

/** Space and comments; a text; a name or number; a sign; or something else. */
const TOKEN = /(?:\s|#[^\n]*)+|("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|([\w.+-]+)|([{}<>[\]:,;])|(.)/gsy

/**
 * Reads a message in text format, without knowing its type.
 *
 * @throws ServingError INVALID_ARGUMENT naming the line for text that is no message
 */
export function parseTextFormat(text: string): TextMessage {
  const tokens = readTokens(text)
  let position = 0
  let valueCount = 0

  const peek = () => tokens[position]
  const take = (...expected: readonly string[]): string => {
    const token = tokens[position]
    if (token === undefined || (expected.length > 0 && !expected.includes(token.text))) {
      const wanted = expected.length > 0 ? expected.join(' or ') : 'more'
      const line = token?.line ?? text.split('\n').length
      throw new ServingError(
        'INVALID_ARGUMENT',
        `line ${line}: expected ${wanted}, found ${token === undefined ? 'the end' : `'${token.text.slice(0, 100)}'`}`,
      )
    }
    position++
    return token.text
  }
  const skip = (...texts: readonly string[]) => {
    if (texts.includes(peek()?.text ?? '')) position++
  }

  const readValue = (depth: number): TextValue => {
    if (++valueCount > VALUES_MAX) {
      throw new ServingError('INVALID_ARGUMENT', `there are more than ${VALUES_MAX} values`)
    }
    if (peek()?.text === '{' || peek()?.text === '<') {
      const end = take() === '{' ? '}' : '>'
      const message = readFields(end, depth + 1)
      take(end)
      return message
    }
    const first = take()
    if (!isText(first)) return first
    let value = unquote(first)
    // Texts side by side are one.
    while (isText(peek()?.text ?? '')) value += unquote(take())
    return value
  }
  const readFields = (end: string | undefined, depth: number): TextMessage => {
    if (depth > DEPTH_MAX) {
      throw new ServingError('INVALID_ARGUMENT', `messages lie more than ${DEPTH_MAX} deep`)
    }
    const fields = new Map<string, TextValue[]>()
    for (let token = peek(); token !== undefined && token.text !== end; token = peek()) {
      if (!/^\w+$/.test(token.text)) take('the name of a field')
      const name = take()
      const values = fields.get(name) ?? []
      fields.set(name, values)
      skip(':')
      if (peek()?.text === '[') {
        take()
        while (peek()?.text !== ']') {
          values.push(readValue(depth))
          if (peek()?.text !== ']') take(',', ']')
        }
        take(']')
      } else values.push(readValue(depth))
      skip(',', ';')
    }
    return fields
  }
  return readFields(undefined, 0)
}

interface Token {
  readonly text: string
  readonly line: number
}

function readTokens(text: string): readonly Token[] {
  const tokens: Token[] = []
  let line = 1
  for (const [all, quoted, word, sign, stray] of text.matchAll(TOKEN)) {
    if (stray !== undefined) {
      throw new ServingError('INVALID_ARGUMENT', `line ${line}: '${stray}' has no place here`)
    }
    const token = quoted ?? word ?? sign
    if (token !== undefined) tokens.push({ text: token, line })
    line += all.split('\n').length - 1
  }
  return tokens
}

function isText(token: string): boolean {
  return token.startsWith('"') || token.startsWith("'")
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' }

function unquote(token: string): string {
  return token.slice(1, -1).replaceAll(/\\(x[\da-f]{1,2}|[0-7]{1,3}|.)/gis, (_all, escape: string) => {
    if (/^x./i.test(escape)) return String.fromCodePoint(Number.parseInt(escape.slice(1), 16))
    if (/^[0-7]/.test(escape)) return String.fromCodePoint(Number.parseInt(escape, 8))
    return ESCAPES[escape] ?? escape
  })
}
