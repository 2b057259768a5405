import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire, registerHooks } from 'node:module'
import { sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** One state of a model's own files, as they were imported together. */
export interface Generation {
  /** What the URLs of its modules carry; of this thread, never used for another. */
  readonly number: number
  /** Files outside of it belong to no model, and are imported once. */
  readonly folder: string
  /** The hash of every file when it was imported first, by path. */
  readonly files: Map<string, string>
  /** CommonJS modules of earlier generations that this one has not run yet. */
  readonly outdated: Set<string>
  hasFailed: boolean
}

const require = createRequire(import.meta.url)
const generations = new Map<number, Generation>()
/** By path, the generation that came last: a CommonJS module does not tell its own. */
const latest = new Map<string, Generation>()
let isFollowing = false

/** Begins a generation: what its modules import from `folder`, now or later, is imported anew with it. */
export function startGeneration(folder: string, earlier: readonly Generation[]): Generation {
  if (!isFollowing) followImports()
  isFollowing = true
  const generation: Generation = {
    number: generations.size + 1,
    folder,
    files: new Map(),
    outdated: forgetCommonJs(earlier),
    hasFailed: false,
  }
  generations.set(generation.number, generation)
  return generation
}

/** Notes a file as it is before it is imported: what changes meanwhile is then seen as a change. */
export function joinGeneration(generation: Generation, path: string): void {
  latest.set(path, generation)
  if (!generation.files.has(path)) generation.files.set(path, hashOf(path))
}

/** CommonJS modules, and JSON, are kept by path, whatever the URL says. */
function forgetCommonJs(earlier: readonly Generation[]): Set<string> {
  const forgotten = new Set<string>()
  for (const path of earlier.flatMap(({ files }) => [...files.keys()])) {
    if (path in require.cache && !path.endsWith('.json')) forgotten.add(path)
    delete require.cache[path]
  }
  return forgotten
}

/**
 * Runs a CommonJS module again before it is imported. Node.js looks ahead into CommonJS modules that are imported, and
 * where it has been there before it takes those that it found for modules that are running already.
 * @throws what the module throws
 */
export function runOutdated({ outdated }: Generation, path: string): void {
  if (outdated.delete(path)) require(path)
}

/** Of the content; for a file that cannot be read, of nothing. */
export function hashOf(path: string): string {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('base64')
  } catch {
    // Whoever imports it says why.
    return ''
  }
}

/** Hands a module's generation on to what it imports by a path, for the rest of this thread. */
function followImports(): void {
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context)
      const generation = isOwnName(specifier) ? generationOf(context.parentURL) : undefined
      if (generation === undefined || !resolved.url.startsWith('file:')) return resolved
      const url = new URL(resolved.url)
      const path = fileURLToPath(url)
      if (!isOwnFile(path, generation.folder)) return resolved
      joinGeneration(generation, path)
      if (context.conditions.includes('import')) runOutdated(generation, path)
      url.searchParams.set('generation', String(generation.number))
      return { ...resolved, url: url.href }
    },
  })
}

/** Packages are not the model's own, even where they are linked into its folder. */
function isOwnName(specifier: string): boolean {
  return /^(?:\.{0,2}\/|#|file:)/.test(specifier)
}

/** Native code cannot be let go of: it stays as it was loaded first. */
function isOwnFile(path: string, folder: string): boolean {
  if (!path.startsWith(folder + sep) || path.endsWith('.node')) return false
  return !path.includes(`${sep}node_modules${sep}`, folder.length)
}

function generationOf(parentURL: string | undefined): Generation | undefined {
  if (parentURL?.startsWith('file:') !== true) return undefined
  const url = new URL(parentURL)
  const number = url.searchParams.get('generation')
  return number === null ? latest.get(fileURLToPath(url)) : generations.get(Number(number))
}
