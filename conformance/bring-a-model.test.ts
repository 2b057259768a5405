import assert from 'node:assert/strict'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { createLogger } from '@millrace/server'
import { startServer } from './open-inference/target.ts'
import { REPOSITORY_ROOT } from './walls/source-files.ts'

/** The repository that the guide draws, with models of the examples. */
const FILES: Readonly<Record<string, string>> = {
  'churn/model.ubj': 'examples/xgboost/tumours/model.ubj',
  'income/model.bst': 'examples/lightgbm/bike-rentals/model.txt',
  'digits/1/model.onnx': 'examples/repository/digits/model.onnx',
  'digits/2/model.onnx': 'examples/repository/digits/model.onnx',
}

suite('docs/guides/bring-a-model.md', async () => {
  const guide = await readFile(join(REPOSITORY_ROOT, 'docs/guides/bring-a-model.md'), 'utf8')
  const lines: string[] = []
  let folder = ''
  let server: Awaited<ReturnType<typeof startServer>>
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-bring-'))
    for (const [path, source] of Object.entries(FILES)) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await copyFile(join(REPOSITORY_ROOT, source), join(folder, path))
    }
    const [, settings = ''] = /model-settings\.json +(\{.*\})/.exec(guide) ?? []
    await writeFile(join(folder, 'income/model-settings.json'), settings)
    const log = createLogger({ isStructured: false, level: 'info', write: line => void lines.push(line) })
    server = await startServer({ folder, log })
  })
  after(async () => {
    await server.close()
    await rm(folder, { recursive: true })
  })

  test('its tree shows every file of this test', () => {
    const [tree = ''] = /^models\/\n[^]*?^```/m.exec(guide) ?? []
    for (const path of Object.keys(FILES)) {
      const [first = '', ...rest] = path.split('/')
      assert.ok(tree.includes(first), first)
      assert.ok(tree.includes(rest.join('/')), rest.join('/'))
    }
  })

  test('every model is found and ready, numbered folders as versions', () => {
    const entries = server.server.registry.loaded(undefined, undefined)
    assert.deepEqual(
      entries.map(({ name, version }) => (version === undefined ? name : `${name}:${version}`)).toSorted(),
      ['churn', 'digits:1', 'digits:2', 'income'],
    )
    assert.ok(server.server.registry.isReady())
  })

  test('the log says what was recognised by what, as the guide shows', () => {
    const [, shown = ''] = /^(INFO \[income\] recognised .*)$/m.exec(guide) ?? []
    assert.ok(shown !== '')
    assert.ok(
      lines.some(line => line.includes(shown)),
      lines.join('\n'),
    )
  })

  test('the words that it gives for implementation are those that the server knows', async () => {
    const source = await readFile(
      join(REPOSITORY_ROOT, 'packages/server/repository/implementation-text.ts'),
      'utf8',
    )
    const aliases = Array.from(source.matchAll(/^ {2}\['(\w+)', '@millrace\//gm), ([, word]) => word)
    assert.ok(aliases.length > 5)
    for (const alias of aliases) assert.ok(guide.includes(`\`${alias}\``), alias)
  })
})
