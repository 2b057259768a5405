import { existsSync, globSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PACKAGES = ['packages/sdk', 'packages/server', 'packages/platform', 'runtimes/onnx']

/** How Millrace is run: as it is published, or straight from its TypeScript. */
export interface MillraceForm {
  readonly kind: 'built' | 'source'
  /** What follows `node`. */
  readonly command: readonly string[]
}

let decided: MillraceForm | undefined

/**
 * The built form when there is one, otherwise the source.
 * @throws Error when the built form is older than the source: its figures would be those of another program
 */
export function millraceForm(): MillraceForm {
  decided ??= decide()
  return decided
}

function decide(): MillraceForm {
  if (!PACKAGES.every(folder => existsSync(join(ROOT, folder, 'dist')))) {
    return {
      kind: 'source',
      command: ['--conditions=millrace-source', join(ROOT, 'packages/platform/cli/main.ts')],
    }
  }
  const changed = PACKAGES.find(folder => newestMs(folder, 'source') > newestMs(folder, 'dist'))
  if (changed !== undefined) {
    throw new Error(`${changed}/dist is older than its source; run npm run build, or remove the dist folders`)
  }
  return { kind: 'built', command: [join(ROOT, 'packages/platform/bin/millrace.js')] }
}

/** What does not change the program that runs: tests, declarations, what is copied into a user's folder. */
const NOT_RUN = /\.test\.ts$|\.d\.ts$|(^|\/)(templates|test(-[a-z-]+)?)(\/|\.ts$)/

function newestMs(folder: string, part: 'source' | 'dist'): number {
  const files =
    part === 'dist'
      ? globSync('dist/**/*.js', { cwd: join(ROOT, folder) })
      : globSync('**/*.ts', { cwd: join(ROOT, folder), exclude: ['dist/**', 'node_modules/**'] })
  const running = files.filter(file => !NOT_RUN.test(file))
  return Math.max(...running.map(file => statSync(join(ROOT, folder, file)).mtimeMs))
}
