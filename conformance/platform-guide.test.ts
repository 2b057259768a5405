import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { REPOSITORY_ROOT } from './walls/source-files.ts'

const MAIN = join(REPOSITORY_ROOT, 'packages/platform/cli/main.ts')
const COMMAND = `${process.execPath} --conditions=millrace-source ${MAIN}`
/** Dozens of processes compile the same code. */
const NODE_COMPILE_CACHE = join(tmpdir(), 'millrace-test-compile-cache')
const GUIDE_SERVER = 'http://127.0.0.1:8080'

interface Block {
  readonly language: string
  readonly text: string
  /** The file that the paragraph before it ends with. */
  readonly file: string | undefined
}

const guide = await readFile(join(REPOSITORY_ROOT, 'docs/guides/platform.md'), 'utf8')
const blocks: readonly Block[] = Array.from(
  guide.matchAll(/(?:`([\w./-]+)`(?: has two documents,[^:]*)?:\n\n)?^```(\w+)\n([^]*?)^```$/gm),
  ([, file, language = '', text = '']) => ({ language, text, file }),
)

/** What differs from one run to the next, and lines that may or may not be seen. */
function comparable(text: string): string {
  return text
    .split('\n')
    .filter(line => !/^ {2}\S+-\d+-\w+-\w+: /.test(line))
    .map(line => line.replaceAll(/ +/g, ' ').trimEnd())
    .join('\n')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/sha256:[\w…]+/g, 'sha256')
    .trim()
}

suite('docs/guides/platform.md', () => {
  let folder = ''
  let platform: ChildProcess | undefined
  let url = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-platform-'))
    for (const { file, text } of blocks) {
      if (file === undefined) continue
      await mkdir(dirname(join(folder, file)), { recursive: true })
      await writeFile(join(folder, file), text)
    }
    const ports = ['--http-port', '0', '--grpc-port', '0', '--metrics-port', '0']
    const args = ['--conditions=millrace-source', MAIN, 'up', ...ports]
    platform = spawn(process.execPath, args, {
      cwd: folder,
      env: { ...process.env, NO_COLOR: '1', NODE_COMPILE_CACHE },
    })
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    let printed = ''
    const listen = (chunk: Buffer) => {
      printed += chunk.toString()
      const [, found] = /REST +(http:\S+)/.exec(printed) ?? []
      if (found !== undefined) resolve(found)
    }
    platform.stdout!.on('data', listen)
    platform.stderr!.on('data', listen)
    platform.on('exit', () => reject(new Error(printed)))
    url = await promise
  })
  after(async () => {
    if (platform?.exitCode === null) {
      platform.kill('SIGTERM')
      await once(platform, 'exit')
    }
    await rm(folder, { recursive: true })
  })

  async function run(script: string): Promise<string> {
    const { NODE_TEST_CONTEXT: _, ...environment } = process.env
    const text = script.replaceAll(GUIDE_SERVER, url).replaceAll(/^millrace /gm, `${COMMAND} `)
    const shell = spawn('sh', ['-e', '-c', text], {
      cwd: folder,
      env: { ...environment, HOME: folder, MILLRACE_SERVER: url, NO_COLOR: '1', NODE_COMPILE_CACHE },
    })
    let output = ''
    for (const stream of [shell.stdout, shell.stderr])
      stream.on('data', chunk => void (output += String(chunk)))
    const [exitCode] = (await once(shell, 'close')) as [number]
    assert.equal(exitCode, 0, `${script}\n${output}`)
    return output
  }

  test('its files are all found', () => {
    const files = blocks.flatMap(({ file }) => file ?? [])
    assert.deepEqual(files, [
      'prices/model.yaml',
      'prices/src/func_main.ts',
      'application.yaml',
      'shadow.yaml',
      'canary.yaml',
      'training.csv',
      'discounts/model.yaml',
      'discounts/src/func_main.ts',
      'checkout.yaml',
    ])
    const unnamed = blocks.filter(({ file, language }) => file === undefined && /^(yaml|ts)$/.test(language))
    assert.deepEqual(unnamed, [])
  })

  for (const [index, { language, text }] of blocks.entries()) {
    if (language !== 'sh' || text === 'millrace up\n') continue
    test(text.trim(), async () => {
      const output = await run(text)
      const next = blocks[index + 1]
      const isShown = next !== undefined && /^(text|json)$/.test(next.language)
      if (isShown) assert.equal(comparable(output), comparable(next.text))
    })
  }
})
