import assert from 'node:assert/strict'
import { realpath, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { ServingError } from '@millrace/sdk'
import { placeError } from './error-place.ts'
import { testFolder } from './test-command.ts'

/** The text of one file, and what is found of its import's failure: `line:column problem`. */
const MISTAKES: Readonly<Record<string, { files: Readonly<Record<string, string>>; found: RegExp }>> = {
  'TypeScript that is none': {
    files: { 'm.ts': 'const a = 1\nconst b: = 2\n' },
    found: /^m\.ts 2:10 SyntaxError: Unexpected/,
  },
  'TypeScript that ends too soon': {
    files: { 'm.ts': 'const a = (\n' },
    found: /^m\.ts 1:- SyntaxError: Expression/,
  },
  'TypeScript that needs a compiler': {
    files: { 'm.ts': '\nenum A { X }\n' },
    found: /^m\.ts 2:1 SyntaxError: .*without a compiler/,
  },
  'JavaScript that is none': {
    files: { 'm.mjs': 'export const a = 1\n\n  const b = = 2\n' },
    found: /^m\.mjs 3:13 SyntaxError: Unexpected token '='$/,
  },
  'CommonJS that is none': { files: { 'm.cjs': '\nconst b = = 2\n' }, found: /^m\.cjs 2:11 SyntaxError: / },
  'a name given twice, which only the engine sees, in a file that is imported': {
    files: {
      'm.ts': "import './deep/other.ts'\n",
      'deep/other.ts': 'const a: number = 1\nconst a = 2\nexport {}\n',
    },
    found: /^deep\/other\.ts 2:7 SyntaxError: Identifier 'a' has already been declared$/,
  },
  'an export that is missing': {
    files: { 'm.ts': "import { b } from './b.ts'\n", 'b.ts': 'export const a = 1\n' },
    found: /^m\.ts 1:10 SyntaxError: .*'b'$/,
  },
  'a file that is missing': {
    files: { 'm.ts': "import 'node:fs'\nimport * as b from './b.ts'\n" },
    found: /^m\.ts 2:20 Error: Cannot find module /,
  },
  'a package that is missing': {
    files: { 'm.ts': "import b from 'no-such-package/deep'\n" },
    found: /^m\.ts 1:15 Error: Cannot find package 'no-such-package'/,
  },
  'a throw': {
    files: { 'm.ts': "const f = () => { throw new RangeError('too far') }\nf()\n" },
    found: /^m\.ts 1:25 RangeError: too far$/,
  },
}

async function failureOf(file: string): Promise<unknown> {
  try {
    await import(`${pathToFileURL(file).href}?generation=x`)
  } catch (error) {
    return error
  }
  throw new Error('it can be imported')
}

async function found(error: unknown, folder: string): Promise<string> {
  const { problem, place } = await placeError(error, folder)
  if (place === undefined) return problem
  const root = await realpath(folder)
  return `${place.file.slice(root.length + 1)} ${place.line}:${place.column ?? '-'} ${problem}`
}

suite('the place of an error', () => {
  for (const [title, mistake] of Object.entries(MISTAKES)) {
    test(title, async t => {
      const folder = await testFolder(t, { 'package.json': '{"type": "module"}', ...mistake.files })
      const cause = await failureOf(join(folder, Object.keys(mistake.files)[0]!))
      const error = new ServingError('INTERNAL', 'it cannot be imported', { cause })
      assert.match(await found(error, folder), mistake.found)
    })
  }

  test('in a folder behind a link', async t => {
    const folder = await testFolder(t, { 'real/m.mjs': "\nthrow new Error('no')" })
    await symlink('real', join(folder, 'link'))
    const error = await failureOf(join(folder, 'link/m.mjs'))
    assert.equal(await found(error, join(folder, 'link')), 'm.mjs 2:7 Error: no')
  })

  test('of settings: the line that is named, or the field', async t => {
    const folder = await realpath(await testFolder(t))
    const file = join(folder, 'model-settings.json')
    await writeFile(file, '{\n  "name": "m",\n  "max_batch_size": -1\n}\n')
    const wrong = new ServingError('INVALID_ARGUMENT', `${file}: max_batch_size is -1; allowed is 1 and more`)
    assert.equal(
      await found(wrong, folder),
      'model-settings.json 3:3 max_batch_size is -1; allowed is 1 and more',
    )
    const broken = new ServingError('INVALID_ARGUMENT', `${file}, line 2, column 5: expected a value`)
    assert.equal(await found(broken, folder), 'model-settings.json 2:5 expected a value')
  })

  test('unknown, where nothing points into the folder', async t => {
    assert.equal(await found(new Error('somewhere'), await testFolder(t)), 'somewhere')
    assert.equal(await found('thrown', '/'), 'thrown')
  })
})
