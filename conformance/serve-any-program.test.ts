import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { promisify } from 'node:util'
import { decodeContract } from '@millrace/sdk/protocol'
import { startServer } from './open-inference/target.ts'
import { REPOSITORY_ROOT } from './walls/source-files.ts'

const run = promisify(execFile)
const EXAMPLE = join(REPOSITORY_ROOT, 'examples/exec/fuel-costs')
const guide = await readFile(join(REPOSITORY_ROOT, 'docs/guides/serve-any-program.md'), 'utf8')
const blocks = Array.from(guide.matchAll(/^```(\w+)\n([^]*?)^```$/gm), ([, language, text]) => ({
  language,
  text: text!,
}))

suite('docs/guides/serve-any-program.md', () => {
  for (const file of ['program.mjs', 'model-settings.json']) {
    test(`shows ${file} as it is`, async () => {
      const text = await readFile(join(EXAMPLE, file), 'utf8')
      assert.ok(blocks.some(block => block.text === text))
    })
  }

  test('its request is answered as it says', async t => {
    const server = await startServer({ folder: EXAMPLE })
    t.after(() => server.close())
    const at = blocks.findIndex(({ text }) => text.startsWith('curl'))
    const { stdout } = await run('sh', ['-c', blocks[at]!.text.replace('http://127.0.0.1:8080', server.rest)])
    assert.equal(stdout.trim(), blocks[at + 1]!.text.trim())
  })

  test('its contract file is written', async t => {
    const cwd = await mkdtemp(join(tmpdir(), 'millrace-contract-'))
    t.after(() => rm(cwd, { recursive: true }))
    const { text } = blocks.find(({ language }) => language === 'ts')!
    const source = text.replace('@millrace/sdk/protocol', import.meta.resolve('@millrace/sdk/protocol'))
    const args = ['--conditions=millrace-source', '--input-type=module-typescript', '--eval', source]
    await run(process.execPath, args, { cwd })
    const contract = decodeContract(await readFile(join(cwd, 'contract.protobin')), 'G2')
    assert.deepEqual([contract.modelName, contract.signatures[0]?.name], ['scaler', 'scale'])
  })
})
