/** An object as indented lines: `name: value`, lists with dashes. What is empty is left out. */
export function describeText(value: object, indent = ''): string {
  const lines: string[] = []
  for (const [name, member] of Object.entries(value)) {
    if (isEmpty(member)) continue
    lines.push(...memberLines(name, member, indent))
  }
  return lines.join('')
}

function memberLines(name: string, member: unknown, indent: string): readonly string[] {
  if (typeof member !== 'object' || member === null) return [`${indent}${name}: ${oneLine(member, indent)}\n`]
  if (!Array.isArray(member)) return [`${indent}${name}:\n`, describeText(member, `${indent}  `)]
  const items = member.map((item: unknown) => {
    if (typeof item !== 'object' || item === null) return `${indent}  - ${oneLine(item, indent)}\n`
    const text = describeText(item, `${indent}    `)
    return `${indent}  - ${text.slice(indent.length + 4)}`
  })
  return [`${indent}${name}:\n`, ...items]
}

/** Further lines of a text stand below its first. */
function oneLine(value: unknown, indent: string): string {
  return String(value).trimEnd().replaceAll(/\r?\n/g, `\n${indent}    `)
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true
  return typeof value === 'object' && Object.keys(value).length === 0
}
