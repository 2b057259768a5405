import { LineCounter, parseAllDocuments } from 'yaml'
import type { Place } from './place.ts'
import type { Problems } from './problems.ts'
import { UnreadableFile, YamlValue } from './yaml-value.ts'

const FILE_BYTES_MAX = 1024 * 1024
const DOCUMENTS_MAX = 1_000
/** Brackets and braces open at once; indentation that deep would not fit into the file. */
const BRACKETS_MAX = 256

/**
 * The documents of a file that hold something. Notes what is wrong with its YAML, and throws `UnreadableFile` where nothing
 * more can be said.
 */
export function readYamlDocuments(text: string, file: string, problems: Problems): readonly YamlValue[] {
  const top: Place = { file, line: 1, column: 1 }
  const refuse = (message: string, place = top): UnreadableFile => {
    problems.add(place, '', message)
    return new UnreadableFile()
  }
  const sizeBytes = Buffer.byteLength(text)
  if (sizeBytes > FILE_BYTES_MAX) {
    throw refuse(`the file has ${sizeBytes} bytes; at most ${FILE_BYTES_MAX} are read`)
  }
  const deep = tooDeepAt(text)
  if (deep !== undefined) {
    throw refuse(`lists and objects lie more than ${BRACKETS_MAX} deep`, placeAt(text, deep, file))
  }
  const lines = new LineCounter()
  // Names that are there twice are found by `YamlValue`; the parser compares each with each.
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false })
  if (!Array.isArray(documents)) return []
  if (documents.length > DOCUMENTS_MAX) {
    throw refuse(`the file has ${documents.length} documents; at most ${DOCUMENTS_MAX} are read`)
  }
  const shared = { file, lines, problems, budget: { used: 0 } }
  const values: YamlValue[] = []
  for (const document of documents) {
    for (const { message, pos } of document.errors) {
      const { line, col: column } = lines.linePos(pos[0])
      problems.add({ file, line, column }, '', `this is not YAML: ${message}`)
    }
    if (document.errors.length > 0) continue
    const value = new YamlValue({ ...shared, document, anchors: new Map() }, document.contents, '', 0)
    if (!value.isNothing) values.push(value)
  }
  return values
}

/** Where too many brackets are open, so that no parser has to find out. Brackets in texts count too; who has so many there? */
function tooDeepAt(text: string): number | undefined {
  let open = 0
  for (let index = 0; index < text.length; index++) {
    const character = text.charCodeAt(index)
    if (character === 0x5b || character === 0x7b) {
      if (++open > BRACKETS_MAX) return index
    } else if ((character === 0x5d || character === 0x7d) && open > 0) open--
  }
  return undefined
}

function placeAt(text: string, offset: number, file: string): Place {
  const before = text.slice(0, offset).split('\n')
  return { file, line: before.length, column: before.at(-1)!.length + 1 }
}
