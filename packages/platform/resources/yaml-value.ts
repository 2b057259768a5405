import { type Alias, type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node } from 'yaml'
import { didYouMean } from './nearest-word.ts'
import type { Place } from './place.ts'
import { type Problems, shown } from './problems.ts'

/** Values looked at in one file, an anchor's as often as it is used: what a few lines of aliases can grow to. */
const VALUES_MAX = 50_000
const DEPTH_MAX = 64

/** What all values of a file share. */
export interface YamlSource {
  readonly file: string
  readonly document: Document.Parsed
  readonly lines: LineCounter
  readonly problems: Problems
  /** Counts values; shared by the documents of a file. */
  readonly budget: { used: number }
  /** What aliases stand for, once it was looked up; the parser's own lookup goes through the whole document. */
  readonly anchors: Map<Node, Node | null>
}

/** Thrown when reading on makes no sense; the problem has been noted. */
export class UnreadableFile extends Error {}

/** A value of a YAML file: it knows where it stands, and notes what is wrong with it. `undefined` comes from what is wrong. */
export class YamlValue {
  readonly #source: YamlSource
  readonly #node: Node | null
  readonly #depth: number
  // Read once, so that nothing is counted or noted twice.
  #entries: ReadonlyMap<string, YamlValue> | undefined
  #items: readonly YamlValue[] | undefined
  readonly place: Place
  /** From the document's root: `pipeline[0][1].weight`. */
  readonly path: string

  constructor(source: YamlSource, node: Node | null, path: string, depth: number, fallback?: Place) {
    this.#source = source
    this.path = path
    this.#depth = depth
    this.place = placeOf(source, node) ?? fallback ?? { file: source.file, line: 1, column: 1 }
    if (++source.budget.used > VALUES_MAX) {
      throw this.unreadable(`the file has more than ${VALUES_MAX} values, each use of an anchor counted`)
    }
    if (depth > DEPTH_MAX) throw this.unreadable(`values lie more than ${DEPTH_MAX} deep`)
    this.#node = isAlias(node) ? anchored(source, node) : node
    if (isAlias(node) && this.#node === null) this.problem(`there is no anchor '${node.source}'`)
  }

  problem(message: string): undefined {
    this.#source.problems.add(this.place, this.path, message)
  }

  warn(message: string): void {
    this.#source.problems.warn(this.place, this.path, message)
  }

  unreadable(message: string): UnreadableFile {
    this.problem(message)
    return new UnreadableFile()
  }

  get isNothing(): boolean {
    return this.#node === null || (isScalar(this.#node) && this.#node.value === null)
  }

  get isMap(): boolean {
    return isMap(this.#node)
  }

  get isList(): boolean {
    return isSeq(this.#node)
  }

  /** A scalar as it was read; `undefined` for anything else, without a problem. */
  get scalar(): unknown {
    return isScalar(this.#node) ? this.#node.value : undefined
  }

  /** What was found here, for a message. */
  get found(): string {
    if (this.isNothing) return 'nothing'
    if (this.isMap) return 'an object'
    if (this.isList) return 'a list'
    return shown(this.scalar)
  }

  text(what = 'a text'): string | undefined {
    const { scalar } = this
    if (typeof scalar === 'string' && scalar.trim() !== '') return scalar
    return this.problem(`${this.found} is not ${what}`)
  }

  /** A text, number or truth as it was written: `1.0` stays `1.0`. */
  scalarText(what = 'a text, a number or a truth value'): string | undefined {
    const { scalar } = this
    if (typeof scalar === 'string') return scalar
    if (typeof scalar === 'number' || typeof scalar === 'boolean' || typeof scalar === 'bigint') {
      return (isScalar(this.#node) && this.#node.source) || String(scalar)
    }
    return this.problem(`${this.found} is not ${what}`)
  }

  integer(min: number, max = Number.MAX_SAFE_INTEGER): number | undefined {
    const value = toNumber(this.scalar)
    if (value !== undefined && Number.isInteger(value) && value >= min && value <= max) return value
    const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
    return this.problem(`${this.found} is not an integer ${range}`)
  }

  number(): number | undefined {
    const value = toNumber(this.scalar)
    return value !== undefined && Number.isFinite(value)
      ? value
      : this.problem(`${this.found} is not a number`)
  }

  items(what = 'a list'): readonly YamlValue[] | undefined {
    const node = this.#node
    if (!isSeq(node)) return this.problem(`${this.found} is not ${what}`)
    this.#items ??= node.items.map((item, index) =>
      this.#child(item as Node | null, `${this.path}[${index}]`),
    )
    return this.#items
  }

  /** The members of an object whose names are the user's own, merged ones (`<<`) included. */
  entries(what = 'an object'): ReadonlyMap<string, YamlValue> | undefined {
    const node = this.#node
    if (!isMap(node)) return this.problem(`${this.found} is not ${what}`)
    if (this.#entries !== undefined) return this.#entries
    const merged: ReadonlyMap<string, YamlValue>[] = []
    const entries = new Map<string, YamlValue>()
    for (const { key, value } of node.items) {
      const keyNode = key as Node | null
      const name = isScalar(keyNode) ? (keyNode.source ?? String(keyNode.value)) : undefined
      if (name === undefined) {
        this.#child(keyNode, this.path).problem('a name must be a text')
        continue
      }
      const at = placeOf(this.#source, keyNode)
      if (name === '<<') {
        merged.push(...this.#merged(this.#child(value as Node | null, `${this.path}.<<`, at)))
        continue
      }
      const path = this.path === '' ? name : `${this.path}.${name}`
      const entry = this.#child(value as Node | null, path, at)
      if (entries.has(name)) entry.problem(`'${name}' is there twice`)
      else entries.set(name, entry)
    }
    for (const map of merged) {
      for (const [name, value] of map) if (!entries.has(name)) entries.set(name, value)
    }
    this.#entries = entries
    return entries
  }

  /**
   * The members of an object whose names are ours. Hyphens, underscores and capitals make no difference; members without a
   * value count as left out. One that is not known is a mistake if it looks like one of ours, and is warned of otherwise.
   */
  fields(known: readonly string[], what = 'an object'): ReadonlyMap<string, YamlValue> | undefined {
    const entries = this.entries(what)
    if (entries === undefined) return undefined
    const byWord = new Map(known.map(name => [wordOf(name), name]))
    const fields = new Map<string, YamlValue>()
    for (const [written, value] of entries) {
      const name = byWord.get(wordOf(written))
      if (name === undefined) {
        const hint = didYouMean(written, known)
        const names = `the fields here are ${known.join(', ')}`
        if (hint === '') value.warn(`'${written}' is not known and has no effect; ${names}`)
        else value.problem(`'${written}' is not known${hint} ${names}`)
      } else if (fields.has(name)) {
        value.problem(`'${written}' is there twice, as ${fields.get(name)!.path} too`)
      } else if (!value.isNothing) {
        fields.set(name, value)
      }
    }
    return fields
  }

  /** As plain JSON, for what is passed on as it is. */
  json(): unknown {
    if (this.isMap) {
      const entries = [...(this.entries() ?? [])]
      return Object.fromEntries(entries.map(([name, value]) => [name, value.json()]))
    }
    if (this.isList) return this.items()?.map(item => item.json())
    const { scalar } = this
    return typeof scalar === 'bigint' ? Number(scalar) : scalar
  }

  #merged(value: YamlValue): ReadonlyMap<string, YamlValue>[] {
    const maps = value.isList ? (value.items() ?? []) : [value]
    return maps.map(map => map.entries('an object to merge') ?? new Map<string, YamlValue>())
  }

  #child(node: Node | null, path: string, fallback = this.place): YamlValue {
    return new YamlValue(this.#source, node, path, this.#depth + 1, fallback)
  }
}

function anchored({ document, anchors }: YamlSource, alias: Alias): Node | null {
  const known = anchors.get(alias)
  if (known !== undefined) return known
  const node = alias.resolve(document) ?? null
  anchors.set(alias, node)
  return node
}

function wordOf(name: string): string {
  return name.replaceAll(/[-_]/g, '').toLowerCase()
}

function toNumber(scalar: unknown): number | undefined {
  if (typeof scalar === 'number') return scalar
  if (typeof scalar === 'bigint') return Number(scalar)
  // Quoted numbers are what templates leave behind.
  return typeof scalar === 'string' && /^[+-]?\d+(\.\d+)?$/.test(scalar) ? Number(scalar) : undefined
}

function placeOf({ file, lines }: YamlSource, node: Node | null): Place | undefined {
  if (node?.range === undefined || node.range === null) return undefined
  const { line, col: column } = lines.linePos(node.range[0])
  return { file, line, column }
}
