import { createHash } from 'node:crypto'
import { readFile, realpath } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

/** The exports of a module; those of CommonJS have `module.exports` as `default`. */
export type ModuleExports = Readonly<Record<string, unknown>>

interface LastImport {
  readonly hash: string
  /** Counts failures: Node.js remembers a failed module, and an author's remedy may lie outside the file. */
  readonly attempt: number
  readonly hasFailed: boolean
}

/** One entry for each model file that was ever imported, like the module cache of Node.js itself. */
const lastImports = new Map<string, LastImport>()

/**
 * Imports a model's file, anew if its content has changed since the last time. Only the file itself is
 * looked at: what it imports stays as it was loaded first, as in MLServer.
 *
 * Node.js never lets go of an imported module, and every new URL is a new module. The URL therefore
 * depends on the content alone: an unchanged file costs nothing however often it is reloaded, and a
 * changed one costs what the old code takes.
 */
export async function importFile(path: string): Promise<ModuleExports> {
  // Node.js runs modules under their real path; a link that moved on is another file.
  const file = await realpath(path)
  const hash = createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
    .slice(0, 16)
  const last = lastImports.get(file)
  const attempt = (last?.attempt ?? 0) + (last?.hasFailed === true ? 1 : 0)
  if (last?.hash !== hash || last.hasFailed) {
    // CommonJS modules are kept by path, whatever the URL says.
    const { cache } = createRequire(file)
    delete cache[file]
  }
  lastImports.set(file, { hash, attempt, hasFailed: false })

  const url = pathToFileURL(file)
  url.searchParams.set('content', hash)
  if (attempt > 0) url.searchParams.set('attempt', String(attempt))
  try {
    return (await import(url.href)) as ModuleExports
  } catch (error) {
    lastImports.set(file, { hash, attempt, hasFailed: true })
    throw error
  }
}

/** Imports a package's module. Packages change by an installation, which a restart follows. */
export async function importPackage(url: string): Promise<ModuleExports> {
  return (await import(url)) as ModuleExports
}
