import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { createLogger, loadServerSettings, serve } from '@millrace/server'
import { REPOSITORY_ROOT } from './walls/source-files.ts'

const SUM = `export class Sum {
  predict({ inputs: [x] }) {
    const rows = x.shape[0]
    return { outputs: [{ name: 'rows', datatype: 'INT32', shape: [rows], data: Array(rows).fill(1) }] }
  }
}
`
const EXAMPLE = '{"inputs":[{"name":"x","shape":[2,2],"datatype":"FP32","data":[1,2,3,4]}]}'

/** Every guide whose JSON blocks are settings, with how many there must be. */
for (const { guide, server: serverBlocks, model: modelBlocks } of [
  { guide: 'docs/guides/run-models.md', server: 4, model: 5 },
]) {
  suite(guide, async () => {
    const text = await readFile(join(REPOSITORY_ROOT, guide), 'utf8')
    const blocks = Array.from(text.matchAll(/^```json\n([^]*?)^```$/gm), ([, block = '']) => block)
    const [ofModels, ofServers] = [true, false].map(isModel =>
      blocks.filter(block => block.includes('"implementation"') === isModel),
    )

    test('all its blocks are found', () => {
      assert.equal(ofServers!.length, serverBlocks)
      assert.equal(ofModels!.length, modelBlocks)
    })

    for (const block of ofServers!) {
      test(`settings.json ${block.trim()}`, () =>
        withFolder({ 'settings.json': block }, async folder => {
          const { warnings } = await loadServerSettings({ folder, environment: {} })
          assert.deepEqual(warnings, [])
        }))
    }

    for (const block of ofModels!) {
      test(`model-settings.json ${block.trim()}`, () =>
        withFolder(
          { 'model-settings.json': block, 'model.ts': SUM, 'example-request.json': EXAMPLE },
          async folder => {
            const warnings: string[] = []
            const { settings } = await loadServerSettings({
              flags: { http_port: 0, grpc_port: 0, metrics_port: 0 },
              environment: {},
            })
            const write = (line: string) => void warnings.push(line)
            const log = createLogger({ isStructured: true, level: 'warn', write })
            const server = await serve({ folder, settings, environment: {}, log })
            try {
              assert.deepEqual(await server.started, [])
              assert.deepEqual(warnings, [])
            } finally {
              await server.close()
            }
          },
        ))
    }
  })
}

async function withFolder(
  files: Readonly<Record<string, string>>,
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const parent = await mkdtemp(join(tmpdir(), 'millrace-guide-'))
  const folder = join(parent, 'sum')
  await mkdir(folder)
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    await use(folder)
  } finally {
    await rm(parent, { recursive: true })
  }
}
