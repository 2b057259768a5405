import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import { startServer, type Target } from './open-inference/target.ts'
import { REPOSITORY_ROOT } from './walls/source-files.ts'

const run = promisify(execFile)

interface Block {
  readonly language: string
  readonly text: string
  /** The file that the paragraph before it ends with, as in "`sum/model.ts`:". */
  readonly file: string | undefined
}

/** Every guide, with how much of it must be found, so that a block that is not recognised is not simply left out. */
const GUIDES = [
  { guide: 'docs/guides/write-a-model.md', files: 7, tests: 3, requests: 4 },
  { guide: 'docs/guides/content-types.md', files: 5, tests: 1, requests: 4 },
  { guide: 'docs/guides/modelmesh.md', files: 2, tests: 1, requests: 1 },
] as const

for (const { guide, files, tests, requests: requestCount } of GUIDES) {
  const text = await readFile(join(REPOSITORY_ROOT, guide), 'utf8')
  const blocks: readonly Block[] = Array.from(
    text.matchAll(/(?:`([\w./-]+)`:\n\n)?^```(\w+)\n([^]*?)^```$/gm),
    ([, file, language = '', text = '']) => ({ language, text, file }),
  )

  suite(guide, () => {
    /** A folder where somebody has followed the guide, with what `npm install` would have put there. */
    let folder: string
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'millrace-guide-'))
      await symlink(join(REPOSITORY_ROOT, 'node_modules'), join(folder, 'node_modules'))
      await writeFile(join(folder, 'package.json'), '{"type": "module"}')
      for (const { file, text } of blocks) {
        if (file === undefined) continue
        await mkdir(dirname(join(folder, file)), { recursive: true })
        await writeFile(join(folder, file), text)
      }
    })
    after(() => rm(folder, { recursive: true }))

    test('every block of TypeScript is a file, and none is left out', () => {
      const code = blocks.filter(({ language }) => language === 'ts')
      assert.ok(code.length >= files)
      assert.deepEqual(
        code.filter(({ file }) => file === undefined),
        [],
      )
    })

    test('its files compile', async () => {
      const config = {
        extends: join(REPOSITORY_ROOT, 'tsconfig.json'),
        compilerOptions: { typeRoots: [join(REPOSITORY_ROOT, 'node_modules/@types')] },
        include: ['models/**/*.ts'],
      }
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
      await run(join(REPOSITORY_ROOT, 'node_modules/.bin/tsc'), ['-p', folder])
    })

    test('its tests pass', async () => {
      const { NODE_TEST_CONTEXT: _, ...env } = process.env
      const args = ['--conditions=millrace-source', '--test', '--test-reporter=tap', 'models/**/*.test.ts']
      const { stdout } = await run(process.execPath, args, { cwd: folder, env })
      assert.match(stdout, new RegExp(`^# pass ${tests}$`, 'm'))
      assert.match(stdout, /^# fail 0$/m)
    })

    suite('its requests', () => {
      let server: Target
      before(async () => {
        server = await startServer({ folder: join(folder, 'models') })
      })
      after(() => server.close())

      const requests = blocks.flatMap(({ language, text }, index) =>
        language === 'sh' && text.startsWith('curl') ? [{ text, answer: blocks[index + 1]! }] : [],
      )
      for (const { text, answer } of requests) {
        const [route] = /\/v2\/models\/\S+/.exec(text)!
        test(`${route} is answered as it says`, async () => {
          const { stdout } = await run('sh', ['-c', text.replace('http://127.0.0.1:8080', server.rest)])
          assert.equal(stdout.trim(), answer.text.trim())
        })
      }

      test('are all there', () => assert.equal(requests.length, requestCount))
    })
  })
}
