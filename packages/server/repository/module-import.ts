import { realpath } from 'node:fs/promises'
import { dirname, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  type Generation,
  hashOf,
  joinGeneration,
  runOutdated,
  startGeneration,
} from './module-generations.ts'

/** The exports of a module; those of CommonJS have `module.exports` as `default`. */
export type ModuleExports = Readonly<Record<string, unknown>>

/** One entry for each model file that was ever imported, like the module cache of Node.js itself; the last comes last. */
const imported = new Map<string, Generation[]>()

/**
 * Imports a model's file, anew if its content has changed since the last time, or that of a file of `folder` that it
 * imports, by however many others. Packages and files outside of the folder stay as they were loaded first.
 *
 * Node.js never lets go of an imported module, and every new URL is a new module. Each state of a model's files therefore
 * has one URL: unchanged files cost nothing however often they are reloaded, and changed ones cost what the old code takes.
 * @param folder the model's own; the file's if the file lies elsewhere
 */
export async function importFile(path: string, folder: string): Promise<ModuleExports> {
  // Node.js runs modules under their real path; a link that moved on is another file.
  const file = await realpath(path)
  const own = await realpath(folder).catch(() => dirname(file))
  const home = file.startsWith(own + sep) ? own : dirname(file)
  const key = JSON.stringify([file, home])
  const earlier = imported.get(key) ?? []
  imported.set(key, earlier)
  let generation = findUnchanged(earlier)
  if (generation === undefined) {
    generation = startGeneration(home, earlier)
    joinGeneration(generation, file)
    earlier.push(generation)
  }

  const url = pathToFileURL(file)
  url.searchParams.set('generation', String(generation.number))
  try {
    runOutdated(generation, file)
    return (await import(url.href)) as ModuleExports
  } catch (error) {
    // Node.js remembers a failed module, and an author's remedy may lie outside of these files.
    generation.hasFailed = true
    throw error
  }
}

/** Imports a package's module. Packages change by an installation, which a restart follows. */
export async function importPackage(url: string): Promise<ModuleExports> {
  return (await import(url)) as ModuleExports
}

/** The state that the files are in now, if they were imported in it before. */
function findUnchanged(generations: readonly Generation[]): Generation | undefined {
  const now = new Map<string, string>()
  const isUnchanged = ([path, hash]: readonly [string, string]): boolean => {
    if (!now.has(path)) now.set(path, hashOf(path))
    return now.get(path) === hash
  }
  return generations.findLast(({ hasFailed, files }) => !hasFailed && [...files].every(isUnchanged))
}
