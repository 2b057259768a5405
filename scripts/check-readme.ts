/**
 * Does what the README tells a newcomer, in a clean clone of HEAD: the commands of its first block, then the request
 * that the server prints. The last command must go on running, print where it listens, answer, and end in order.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { runCommand } from './run-command.ts'
import { serveAndAsk } from './serve-and-ask.ts'
import { REPOSITORY_ROOT } from './workspace-packages.ts'

/** The commands of the README's first `sh` block. */
async function readmeCommands(clone: string): Promise<string[]> {
  const readme = await readFile(join(clone, 'README.md'), 'utf8')
  const [, block = ''] = /```sh\n([^]*?)```/.exec(readme) ?? []
  const commands = block.split('\n').filter(line => line.trim() !== '')
  if (commands.length === 0) throw new Error('README.md has no sh block with commands to begin with')
  if (!readme.includes('npm ci && npm test')) throw new Error('README.md does not say how to run the tests')
  return commands
}

/** The environment without this checkout's programs: the clone has to do with what it installs. */
function newcomersEnvironment(): NodeJS.ProcessEnv {
  const path = (process.env['PATH'] ?? '').split(delimiter).filter(part => !part.includes('node_modules'))
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('npm_') && name !== 'INIT_CWD')
  return { ...Object.fromEntries(kept), PATH: path.join(delimiter) }
}

async function checkReadme(folder: string): Promise<void> {
  const clone = join(folder, 'millrace')
  await runCommand('git', ['clone', '--quiet', REPOSITORY_ROOT, clone])
  const changes = await runCommand('git', ['status', '--porcelain'], { cwd: REPOSITORY_ROOT })
  if (changes !== '') console.log('note: changes that are not committed are not part of this check')

  const commands = await readmeCommands(clone)
  const env = newcomersEnvironment()
  for (const [index, command] of commands.entries()) {
    console.log(`$ ${command}`)
    if (index === commands.length - 1) await serveAndAsk(command, clone, env)
    else await runCommand('bash', ['-c', command], { cwd: clone, env, show: true })
  }
}

const folder = await mkdtemp(join(tmpdir(), 'millrace-readme-'))
try {
  await checkReadme(folder)
} finally {
  await rm(folder, { recursive: true, force: true })
}
