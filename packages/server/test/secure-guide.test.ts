import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parseApiKeys } from '../access/api-keys.ts'
import { loadServerSettings } from '../base/index.ts'

const guide = await readFile(new URL('../../../docs/guides/secure-a-server.md', import.meta.url), 'utf8')
const blocks = Array.from(guide.matchAll(/^```json\n([^]*?)^```$/gm), ([, text = '']) => text)
const isKeys = (text: string) => 'keys' in (JSON.parse(text) as object)

async function load(t: TestContext, text: string) {
  const folder = await mkdtemp(join(tmpdir(), 'guide-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'settings.json'), text)
  return loadServerSettings({ folder, environment: {}, workingDirectory: folder })
}

test("the guide's settings are settings", async t => {
  const settings = blocks.filter(text => !isKeys(text))
  assert.equal(settings.length, 6)
  for (const text of settings) assert.deepEqual((await load(t, text)).warnings, [], text)
})

test("the guide's keys are keys", () => {
  const keys = blocks.filter(isKeys)
  assert.equal(keys.length, 1)
  const parsed = parseApiKeys(keys[0] ?? '', 'guide')
  assert.deepEqual(parsed.find('write-a-long-random-text')?.scopes, new Set(['infer', 'admin']))
})
