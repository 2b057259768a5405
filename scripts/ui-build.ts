import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { runCommand } from './run-command.ts'
import { REPOSITORY_ROOT } from './workspace-packages.ts'

export const UI_FOLDER = join(REPOSITORY_ROOT, 'packages/ui')
const DIST = join(UI_FOLDER, 'dist')
/** Says which source a build was made of. */
const MARK = join(DIST, '.build')

/** Whether the built pages are those of the source as it stands. */
export function isUiFresh(): boolean {
  return existsSync(join(DIST, 'index.html')) && existsSync(MARK) && readFileSync(MARK, 'utf8') === digest()
}

/**
 * Builds the web interface into `packages/ui/dist`.
 * Rejects when Vite is not installed, as with `npm ci --omit=dev`, or finds a mistake.
 */
export async function buildUi(): Promise<void> {
  const before = digest()
  await runCommand(process.execPath, [findVite(), 'build', '--logLevel', 'warn'], { cwd: UI_FOLDER })
  writeFileSync(MARK, before)
}

/** Its program, as the package of the pages would find it. */
function findVite(): string {
  try {
    const fromUi = createRequire(join(UI_FOLDER, 'package.json'))
    return join(dirname(fromUi.resolve('vite/package.json')), 'bin/vite.js')
  } catch (error) {
    throw new Error('Vite is not installed; npm ci installs it', { cause: error })
  }
}

/** Of everything that a build is made of, by name and content. */
function digest(): string {
  const hash = createHash('sha256')
  const files = globSync('**/*.{ts,tsx,css,html,svg,json}', {
    cwd: UI_FOLDER,
    exclude: ['**/node_modules', 'dist', '**/*.test.ts'],
  })
  for (const file of files.toSorted()) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(UI_FOLDER, file)))
      .update('\0')
  }
  return hash.digest('hex')
}
