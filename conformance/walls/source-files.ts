import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { NOT_SOURCE } from './rules.ts'

export const REPOSITORY_ROOT = join(import.meta.dirname, '../..')

/** The repository's own TypeScript by path from the root: packages, runtimes, examples and tooling. */
export function readSourceFiles(): Map<string, string> {
  const files = globSync('{packages,runtimes,examples,conformance,bench,scripts}/**/*.{ts,tsx}', {
    cwd: REPOSITORY_ROOT,
    exclude: NOT_SOURCE,
  })
  return new Map(files.toSorted().map(file => [file, readFileSync(join(REPOSITORY_ROOT, file), 'utf8')]))
}
