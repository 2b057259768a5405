import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join, posix } from 'node:path'
import { test } from 'node:test'
import { PROGRAMS, UNITS } from './walls/rules.ts'
import { REPOSITORY_ROOT } from './walls/source-files.ts'

const LINES_MAX = 500
/** Generated from `.proto` files, and as long as they make it. */
const GENERATED = /_pb\.(js|d\.ts)$/
const CODE = /\.(ts|tsx|js|mjs|css|py|sh)$/
const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*$/
/** A Python module is imported by its file's name, so it cannot have a hyphen. */
const PYTHON_MODULE = /(^|\/)_{0,2}[a-z0-9]+(_[a-z0-9]+)*_{0,2}\.py$/
/** Hydrosphere's name for the file with a model's functions. */
const FUNC_MAIN = /(^|\/)func_main(\.test)?\.ts$/
/** Stands in for a package of somebody else's, whose modules have the names that they have. */
const NAMED_BY_OTHERS = /^runtimes\/python\/python\/\w*shim\w*\//
/** Names that say nothing about what is inside. */
const VAGUE_NAME = /^(utils?|helpers?|misc|common|stuff)$/

/** What betrays the machine a file was written on. */
const FORBIDDEN_TEXT: Readonly<Record<string, RegExp>> = {
  "a path in somebody's home": /(?<![\w.])\/(home|Users|root)\/\w/,
  "a path of somebody's workplace": /(?<![\w.])\/work\/\w/,
  'a Windows home': /\b[A-Z]:\\+Users\\/,
  'a private key': /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
}

/** Folders that tools fill. */
const NOT_OURS = new Set(['.git', 'node_modules', 'dist', '.venv', 'coverage'])

const files = filesUnder('').toSorted()

function filesUnder(folder: string): string[] {
  return readdirSync(join(REPOSITORY_ROOT, folder), { withFileTypes: true }).flatMap(entry => {
    const path = posix.join(folder, entry.name)
    if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : filesUnder(path)
    return entry.isFile() ? [path] : []
  })
}

function textOf(file: string): string {
  return readFileSync(join(REPOSITORY_ROOT, file), 'utf8')
}

test('the files are found, hidden ones too', () => {
  assert.ok(files.includes('package.json'))
  assert.ok(files.includes('.gitignore'))
  assert.ok(files.includes('packages/sdk/index.ts'))
})

test(`no source file has more than ${LINES_MAX} lines`, () => {
  const long = files
    .filter(file => CODE.test(file) && !GENERATED.test(file))
    .map(file => ({ file, lines: textOf(file).split('\n').length - 1 }))
    .filter(({ lines }) => lines > LINES_MAX)
  assert.deepEqual(long, [])
})

test('code lies in files and folders named in kebab case', () => {
  const odd = files.filter(file => {
    if (!CODE.test(file) || GENERATED.test(file) || PYTHON_MODULE.test(file) || FUNC_MAIN.test(file))
      return false
    const [name = '', ...endings] = basename(file).split('.')
    const folders = posix.dirname(file).split('/')
    return ![...folders, name, ...endings].every(part => part === '.' || KEBAB_CASE.test(part))
  })
  assert.deepEqual(odd, [])
})

test('names say what is inside', () => {
  const ours = files.filter(file => !NAMED_BY_OTHERS.test(file))
  const vague = ours.filter(file => file.split(/[/.]/).some(part => VAGUE_NAME.test(part)))
  assert.deepEqual(vague, [])
})

test('every room has a door', () => {
  const rooms = UNITS.flatMap(({ folder, rooms: names = [] }) => names.map(name => `${folder}/${name}`))
  const folders = new Set(files.filter(file => CODE.test(file)).flatMap(ancestors))
  const doorless = [...folders]
    .filter(folder => rooms.some(room => posix.matchesGlob(folder, room)))
    .filter(folder => !files.includes(`${folder}/index.ts`))
    .filter(folder => !PROGRAMS.some(program => posix.dirname(program) === folder && files.includes(program)))
  assert.deepEqual(doorless, [])
})

test('no file tells on the machine it was written on', () => {
  const told = files.flatMap(file => {
    const text = textOf(file)
    // Models and images: not text, and nobody writes a path into them by hand.
    if (text.includes('\0')) return []
    return Object.entries(FORBIDDEN_TEXT)
      .filter(([, pattern]) => pattern.test(text))
      .map(([what, pattern]) => `${file}:${text.slice(0, text.search(pattern)).split('\n').length}: ${what}`)
  })
  assert.deepEqual(told, [])
})

function ancestors(file: string): string[] {
  const parts = file.split('/').slice(0, -1)
  return parts.map((_, depth) => parts.slice(0, depth + 1).join('/'))
}
