import { execFile } from 'node:child_process'
import { glob, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { SourcePlace } from './error-place.ts'

const MAX_FILES = 20
/** Of which these are the latest; a folder that has more is no model's. */
const MAX_CANDIDATES = 10_000
const MAX_BYTES = 1024 * 1024
const TIMEOUT_MS = 10_000

/**
 * The file and line of a syntax error of which only the message is known: the files of a folder that were saved last are
 * parsed again, each in a process of its own, which says more than the module loader does.
 * @returns undefined if none of the 20 latest files has it
 */
export async function findSyntaxError(folder: string, message: string): Promise<SourcePlace | undefined> {
  const [problem = ''] = message.split('\n')
  for (const file of await latestModules(folder)) {
    const source = await readFile(file, 'utf8').catch(() => '')
    const printed = await parse(file.endsWith('ts') ? await withoutTypes(source) : source)
    if (!printed.includes(`SyntaxError: ${problem}\n`)) continue
    const match = /^\[stdin\]:(\d+)\n.*\n(\s*)\^/m.exec(printed)
    if (match !== null) return { file, line: Number(match[1]), column: match[2]!.length + 1 }
  }
  return undefined
}

async function latestModules(folder: string): Promise<readonly string[]> {
  const found: { readonly file: string; readonly savedMs: number }[] = []
  for await (const name of glob('**/*.{js,mjs,ts,mts}', { cwd: folder, exclude: isLeftOut })) {
    if (found.length === MAX_CANDIDATES) break
    const file = join(folder, name)
    const status = await stat(file).catch(() => null)
    if (status?.isFile() === true && status.size <= MAX_BYTES) found.push({ file, savedMs: status.mtimeMs })
  }
  found.sort((left, right) => right.savedMs - left.savedMs)
  return found.slice(0, MAX_FILES).map(({ file }) => file)
}

function isLeftOut(name: string): boolean {
  return /(?:^|\/)(?:node_modules|dist|\.[^/]*)$/.test(name)
}

const STRIP = `const { stripTypeScriptTypes } = require('node:module')
process.stdout.write(stripTypeScriptTypes(require('node:fs').readFileSync(0, 'utf8')))`

/** Types become blanks: lines and columns stay. */
async function withoutTypes(source: string): Promise<string> {
  const { stdout } = await runNode(['--no-warnings', '-e', STRIP], source)
  return stdout
}

async function parse(source: string): Promise<string> {
  const { stderr } = await runNode(['--check', '--input-type=module', '-'], source)
  return stderr
}

function runNode(args: readonly string[], input: string): Promise<{ stdout: string; stderr: string }> {
  const { promise, resolve } = Promise.withResolvers<{ stdout: string; stderr: string }>()
  const options = { timeout: TIMEOUT_MS, maxBuffer: 4 * MAX_BYTES }
  // A failure is what is looked for: it is in what was printed.
  const child = execFile(process.execPath, args, options, (_error, stdout, stderr) =>
    resolve({ stdout, stderr }),
  )
  child.stdin?.on('error', () => {}).end(input)
  return promise
}
