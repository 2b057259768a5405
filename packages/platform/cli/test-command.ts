import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))
/** Dozens of processes compile the same code; this halves what each costs. */
const COMPILE_CACHE = join(tmpdir(), 'millrace-test-compile-cache')
/** Flags of a server that takes no port from anybody. */
export const FREE_PORTS = ['--http-port', '0', '--grpc-port', '0', '--metrics-port', '0']

/** A `millrace` process. */
export interface TestCommand {
  readonly child: ChildProcess
  readonly stdout: string
  readonly stderr: string
  /** Waits until either stream matches; fails when the process ends first. */
  readonly printed: (pattern: RegExp) => Promise<RegExpExecArray>
  /** The exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | string>
}

export interface CommandOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** What it reads from standard input; nothing if absent. */
  readonly input?: string
}

/** Starts the command as a user would, without the settings of whoever runs the tests. */
export function startCommand(
  t: TestContext,
  args: readonly string[],
  options: CommandOptions = {},
): TestCommand {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(MLSERVER|MILLRACE|NODE_TEST|FORCE_COLOR)/.test(name),
  )
  const child = spawn(process.execPath, ['--conditions=millrace-source', MAIN, ...args], {
    cwd: options.cwd ?? tmpdir(),
    env: {
      ...Object.fromEntries(inherited),
      NO_COLOR: '1',
      NODE_COMPILE_CACHE: COMPILE_CACHE,
      ...options.env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  // It may end before it has read all.
  child.stdin.on('error', () => {}).end(options.input)
  t.after(() => child.kill('SIGKILL'))
  const texts = { stdout: '', stderr: '' }
  const waiting = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      texts[name] += chunk
      for (const look of waiting) look()
    })
  }
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string)
  return {
    child,
    get stdout() {
      return texts.stdout
    },
    get stderr() {
      return texts.stderr
    },
    ended,
    async printed(pattern) {
      const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>()
      const look = () => {
        const match = pattern.exec(texts.stdout) ?? pattern.exec(texts.stderr)
        if (match !== null) resolve(match)
      }
      waiting.add(look)
      look()
      void ended.then(code =>
        reject(new Error(`ended with ${code} before it printed ${pattern}:\n${texts.stdout}${texts.stderr}`)),
      )
      return promise.finally(() => waiting.delete(look))
    },
  }
}

/** Runs the command to its end. */
export async function runCommand(t: TestContext, args: readonly string[], options?: CommandOptions) {
  const command = startCommand(t, args, options)
  const exitCode = await command.ended
  return { exitCode, stdout: command.stdout, stderr: command.stderr }
}

/** A test, or a whole file by the `after` of the test runner. */
export interface TestScope {
  readonly after: (end: () => unknown) => void
}

/** A folder with these files, gone with the test. */
export async function testFolder(
  t: TestScope,
  files: Readonly<Record<string, string>> = {},
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-cli-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return folder
}

/** A model's settings and code; the code exports `TestModel`. */
export function modelFiles(
  name: string,
  code: string,
  settings: object = {},
): Readonly<Record<string, string>> {
  return {
    [`${name}/model-settings.json`]: JSON.stringify({ implementation: './model.mjs:TestModel', ...settings }),
    [`${name}/model.mjs`]: code,
  }
}

export const ECHO = 'export class TestModel { predict({ inputs }) { return { outputs: inputs } } }'
