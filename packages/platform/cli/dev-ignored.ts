import { basename, sep } from 'node:path'

/** What people write beside a model, and what editors leave while they save. */
const IGNORED_FILE = /(?:\.test\.[cm]?[jt]sx?|\.md|~|\.tmp|\.sw[a-z])$|^4913$/i

/** True for a path below a repository whose changes do not change what a model answers. */
export function isIgnored(path: string): boolean {
  return path.split(sep).includes('dist') || IGNORED_FILE.test(basename(path))
}
