import assert from 'node:assert/strict'
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { importFile } from './module-import.ts'

async function bed(t: TestContext, files: Readonly<Record<string, string>>) {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'module-import-')))
  t.after(() => rm(folder, { recursive: true }))
  const write = async (more: Readonly<Record<string, string>>) => {
    for (const [path, text] of Object.entries(more)) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), text)
    }
  }
  await write(files)
  return {
    folder,
    write,
    value: async (entry = 'm/model.ts') =>
      (await importFile(join(folder, entry), join(folder, 'm')))['value'],
  }
}

const CHAINS = {
  'ESM modules': {
    files: {
      'm/model.ts': "export { value } from './inner/a.ts'",
      'm/inner/a.ts': "export { value } from '../b.ts'",
    },
    changed: 'm/b.ts',
    code: (value: number) => `export const value: number = ${value}`,
  },
  'a module imported while it runs': {
    files: { 'm/model.ts': "export const { value } = await import('./b.ts')" },
    changed: 'm/b.ts',
    code: (value: number) => `export const value: number = ${value}`,
  },
  'CommonJS modules': {
    files: {
      'm/model.cjs': "module.exports = require('./a.cjs')",
      'm/a.cjs': "module.exports = { value: require('./b.cjs') }",
    },
    changed: 'm/b.cjs',
    code: (value: number) => `module.exports = ${value}`,
  },
  'CommonJS behind ESM': {
    files: {
      'm/model.ts': "import a from './a.cjs'\nexport const value: unknown = a",
      'm/a.cjs': "module.exports = require('./b.cjs')",
    },
    changed: 'm/b.cjs',
    code: (value: number) => `module.exports = ${value}`,
  },
  JSON: {
    files: { 'm/model.ts': "import b from './b.json' with { type: 'json' }\nexport const { value } = b" },
    changed: 'm/b.json',
    code: (value: number) => `{"value": ${value}}`,
  },
  'an import of package.json': {
    files: {
      'm/model.ts': "export { value } from '#b'",
      'm/package.json': '{"type": "module", "imports": {"#b": "./b.mjs"}}',
    },
    changed: 'm/b.mjs',
    code: (value: number) => `export const value = ${value}`,
  },
}

for (const [title, { files, changed, code }] of Object.entries(CHAINS)) {
  test(`a change of what a model's file imports counts, there and back: ${title}`, async t => {
    const { write, value } = await bed(t, { ...files, [changed]: code(1) })
    const entry = Object.keys(files)[0]
    assert.equal(await value(entry), 1)
    for (const next of [2, 3, 1]) {
      await write({ [changed]: code(next) })
      assert.equal(await value(entry), next)
    }
  })
}

test('files that have not changed are not imported anew; a change imports all of them, as one state', async t => {
  const { write, value } = await bed(t, {
    'm/model.ts': "import './b.ts'\nexport { value } from './a.ts'",
    'm/a.ts': 'export const value = {}',
    'm/b.ts': '',
  })
  const first = await value()
  assert.equal(await value(), first)
  await write({ 'm/b.ts': '// changed' })
  const second = await value()
  assert.notEqual(second, first)
  await write({ 'm/b.ts': '', 'm/other.ts': 'nobody imports it' })
  assert.equal(await value(), first)
})

test('an import that came and went does not make an old state of the files the present one', async t => {
  const { write, value } = await bed(t, {
    'm/model.ts': "export { value } from './a.ts'",
    'm/a.ts': 'export const value = 1',
  })
  assert.equal(await value(), 1)
  const far = { 'm/a.ts': "export { value } from './far.ts'" }
  await write({ ...far, 'm/far.ts': 'export const value = 2' })
  assert.equal(await value(), 2)
  await write({ 'm/a.ts': 'export const value = 1', 'm/far.ts': 'export const value = 3' })
  assert.equal(await value(), 1)
  await write(far)
  assert.equal(await value(), 3)
})

test('a failure in an imported file is mended there, or outside of all files', async t => {
  const { write, value } = await bed(t, {
    'm/model.ts': "export { value } from './a.ts'",
    'm/a.ts': 'export const value = (',
  })
  await assert.rejects(value(), SyntaxError)
  await write({ 'm/a.ts': "export { value } from './b.ts'" })
  await assert.rejects(value(), /Cannot find module .*b\.ts/)
  await write({ 'm/b.ts': 'export const value = 4' })
  assert.equal(await value(), 4)
})

test('files outside of the folder, and packages, stay as they were loaded first', async t => {
  const { write, value } = await bed(t, {
    'm/model.ts':
      "import { a } from '../shared/a.mjs'\nimport { b } from 'pkg'\nexport const value = a + b // 1",
    'shared/a.mjs': 'export const a = 1',
    'm/node_modules/pkg/package.json': '{"type": "module", "exports": "./b.js"}',
    'm/node_modules/pkg/b.js': "export { b } from './c.js'",
    'm/node_modules/pkg/c.js': 'export const b = 10',
  })
  assert.equal(await value(), 11)
  await write({
    'm/model.ts':
      "import { a } from '../shared/a.mjs'\nimport { b } from 'pkg'\nexport const value = a + b // 2",
    'shared/a.mjs': 'export const a = 2',
    'm/node_modules/pkg/c.js': 'export const b = 20',
  })
  assert.equal(await value(), 11)
})

test('a model whose file is a link has the folder where it lies for its own', async t => {
  const { folder, write, value } = await bed(t, {
    'm/model-settings.json': '{}',
    'real/model.ts': "export { value } from './b.ts'",
    'real/b.ts': 'export const value = 1',
  })
  await symlink('../real/model.ts', join(folder, 'm/model.ts'))
  assert.equal(await value(), 1)
  await write({ 'real/b.ts': 'export const value = 2' })
  assert.equal(await value(), 2)
})
