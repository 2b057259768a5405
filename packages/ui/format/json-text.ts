/** Arrays that fit into this many characters stay on one line. */
const LINE_MAX = 72

/**
 * Lays JSON out for reading and leaves every token as it is, so that integers of 64 bits keep all their digits. Text that
 * is no JSON comes back as it was.
 */
export function layOutJson(text: string): string {
  try {
    JSON.parse(text)
  } catch {
    return text
  }
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[[\]{}:,]|[^\s[\]{}:,"]+/g) ?? []
  let place = 0

  const value = (indent: string): string => {
    const token = tokens[place++] ?? ''
    if (token === '[') return group(indent, ']', () => value(`${indent}  `))
    if (token === '{') {
      return group(indent, '}', () => {
        const name = tokens[place++] ?? ''
        place++
        return `${name}: ${value(`${indent}  `)}`
      })
    }
    return token
  }
  const group = (indent: string, end: ']' | '}', item: () => string): string => {
    const begin = end === ']' ? '[' : '{'
    const items: string[] = []
    while (tokens[place] !== end) {
      items.push(item())
      if (tokens[place] === ',') place++
    }
    place++
    if (items.length === 0) return begin + end
    const line = `${begin}${items.join(', ')}${end}`
    if (end === ']' && line.length <= LINE_MAX && !line.includes('\n')) return line
    const inner = `\n${indent}  `
    return `${begin}${inner}${items.join(`,${inner}`)}\n${indent}${end}`
  }
  return value('')
}
