import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { codecFor, DATATYPES, requestCodecFor } from '../index.ts'
import { arrayKind } from '../tensor/datatype.ts'
import { allowedValues } from '../tensor/index.ts'
import { type TemporaryFolder, typeCheck, writeInPackage } from './package-folder.ts'

interface CodeBlock {
  readonly language: string
  readonly text: string
}

const run = promisify(execFile)
const PACKAGE = resolve(import.meta.dirname, '..')
const readme = await readFile(join(PACKAGE, 'README.md'), 'utf8')
const blocks = codeBlocks(readme)
const files = new Map(
  blocks
    .filter(({ language }) => language === 'ts')
    .map(({ text }) => [/^\/\/ (\S+)\n/.exec(text)?.[1] ?? '', text]),
)
let folder: TemporaryFolder

before(async () => {
  folder = await writeInPackage(files)
})
after(() => folder[Symbol.asyncDispose]())

test('every block is TypeScript with a file name of its own, or settings', () => {
  const named = blocks.filter(({ language }) => language !== 'json')
  assert.ok(named.length > 0)
  assert.equal(files.size, named.length)
  for (const name of files.keys()) assert.match(name, /^[a-z.]+\.ts$/)
})

test('every file compiles', () => typeCheck(folder.path))

test('every test passes', async () => {
  // Without it the runner takes itself for a part of the one that runs this very file, and runs nothing.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const tests = Array.from(files.keys()).filter(name => name.endsWith('.test.ts'))
  const args = ['--conditions=millrace-source', '--test', '--test-reporter=tap', ...tests]
  const { stdout } = await run(process.execPath, args, { cwd: folder.path, env })
  const written = Array.from(files.values()).flatMap(text => text.match(/^test\(/gm) ?? []).length
  assert.ok(written > 0)
  assert.match(stdout, new RegExp(`^# pass ${written}$`, 'm'))
})

test('settings name an implementation that is there', async () => {
  const settings = blocks.filter(({ language }) => language === 'json')
  assert.ok(settings.length > 0)
  for (const { text } of settings) {
    const { implementation } = JSON.parse(text) as { implementation: string }
    const [file = '', name = ''] = implementation.split(':')
    const module = (await import(pathToFileURL(join(folder.path, file)).href)) as Record<string, unknown>
    assert.equal(typeof module[name], 'function')
  }
})

test('the table has every datatype, its array and its range', () => {
  for (const datatype of DATATYPES) {
    const row = readme
      .split('\n')
      .find(line => line.startsWith(`| \`${datatype}\` | \`${arrayKind(datatype)}\``))
    assert.ok(row, datatype)
    const range = / from (-?[\d.e+]+) to ([\d.e+]+)$/.exec(allowedValues(datatype))
    // Those of 64-bit integers are in words, because a plain list holds them as bigint only.
    if (range === null || datatype.endsWith('INT64')) continue
    assert.ok(row.includes(`${range[2]} `), `${row} lacks ${range[2]}`)
  }
})

test('the table of content types has every one that there is', () => {
  for (const find of [codecFor, requestCodecFor]) {
    assert.throws(
      () => find('-'),
      ({ message }: Error) => {
        const names = Array.from(message.split('known are')[1]!.matchAll(/'(\w+)'/g), ([, name = '']) => name)
        assert.ok(names.length >= 4)
        for (const name of names) assert.ok(readme.includes(`\`${name}\``), name)
        return true
      },
    )
  }
})

function codeBlocks(markdown: string): CodeBlock[] {
  return Array.from(markdown.matchAll(/^```(\w*)\n(.*?)^```$/gms), ([, language = '', text = '']) => ({
    language,
    text,
  }))
}
