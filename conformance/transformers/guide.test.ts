import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import { startServer, type Target } from '../open-inference/target.ts'
import { REPOSITORY_ROOT } from '../walls/source-files.ts'

const run = promisify(execFile)
const guide = await readFile(join(REPOSITORY_ROOT, 'docs/guides/serve-transformers.md'), 'utf8')
const examples = join(REPOSITORY_ROOT, 'examples/transformers')

suite('docs/guides/serve-transformers.md', () => {
  let server: Target
  before(async () => {
    server = await startServer({ folder: examples })
  })
  after(() => server.close())

  const blocks = Array.from(guide.matchAll(/^```(\w+)\n([^]*?)^```$/gm), ([, language, text = '']) => ({
    language,
    text,
  }))
  const requests = blocks.flatMap(({ language, text }, index) =>
    language === 'sh' && text.startsWith('curl') ? [{ text, answer: blocks[index + 1]! }] : [],
  )

  for (const { text, answer } of requests) {
    const [route] = /\/v2\/models\/.*$/m.exec(text)!
    test(`${route.slice(0, 80)} is answered as it says`, async () => {
      const { stdout } = await run('sh', ['-c', text.replace('http://127.0.0.1:8080', server.rest)])
      assert.equal(stdout.trim(), answer.text.trim())
    })
  }

  test('its requests are all there', () => assert.equal(requests.length, 5))

  test('its settings are those of the example', async () => {
    const settings = await readFile(join(examples, 'sentiment/model-settings.json'), 'utf8')
    const block = blocks.find(({ language, text }) => language === 'json' && text.includes('implementation'))
    assert.deepEqual(JSON.parse(block!.text), JSON.parse(settings))
  })
})
