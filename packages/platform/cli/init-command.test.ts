import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { runCommand, testFolder } from './test-command.ts'

const FILES = [
  '.dockerignore',
  '.gitignore',
  'Dockerfile',
  'README.md',
  'example-request.json',
  'model-settings.json',
  'model.test.ts',
  'model.ts',
  'package.json',
  'tsconfig.json',
]

suite('millrace init', () => {
  test('writes a model whose files all parse', async t => {
    const cwd = await testFolder(t)
    const { exitCode, stdout, stderr } = await runCommand(t, ['init', 'models/House-prices.2'], { cwd })
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.match(
      stdout,
      /^Made models\/House-prices\.2 with .*model\.ts.*\.\n\nNext:\n {2}cd models\/House-prices\.2\n {2}npm install\n {2}npm test\n {2}npm start\n$/,
    )
    const folder = join(cwd, 'models/House-prices.2')
    assert.deepEqual((await readdir(folder)).toSorted(), FILES)

    const texts = new Map<string, string>()
    for (const file of FILES) {
      const text = await readFile(join(folder, file), 'utf8')
      assert.doesNotMatch(text, /\{\{|\}\}/, `${file} has no gap left`)
      if (file.endsWith('.json')) JSON.parse(text)
      if (file.endsWith('.ts')) stripTypeScriptTypes(text)
      texts.set(file, text)
    }
    assert.deepEqual(JSON.parse(texts.get('model-settings.json')!), {
      name: 'house-prices.2',
      implementation: './model.ts:HousePrices2',
    })
    assert.match(texts.get('model.ts')!, /export class HousePrices2 extends/)
    const manifest = JSON.parse(texts.get('package.json')!) as {
      name: string
      dependencies: Record<string, string>
    }
    const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {
      version: string
    }
    assert.equal(manifest.name, 'house-prices.2')
    assert.deepEqual(manifest.dependencies, { '@millrace/sdk': version, millrace: version })
  })

  test('takes the template by name, and an empty folder', async t => {
    const cwd = await testFolder(t)
    const { exitCode } = await runCommand(t, ['init', 'model', '.'], { cwd: await testFolder(t) })
    // The folder's own name is the model's, and a temporary one is good enough for that.
    assert.equal(exitCode, 0)
    assert.equal((await runCommand(t, ['init', 'model', 'other'], { cwd })).exitCode, 0)
  })

  test('a name that its own imports have becomes another class', async t => {
    const cwd = await testFolder(t)
    await runCommand(t, ['init', 'contract-model'], { cwd })
    assert.match(
      await readFile(join(cwd, 'contract-model/model.ts'), 'utf8'),
      /export class MyContractModel extends ContractModel\(/,
    )
  })
})
