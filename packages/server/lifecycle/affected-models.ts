import { dirname, sep } from 'node:path'

/** By name of a model, the paths that its versions are made of. */
export type ModelFolders = ReadonlyMap<string, ReadonlySet<string>>

/**
 * The models that changed paths belong to: each path to those whose folder is the nearest above it, or that lie in it
 * themselves; and every model that was not there before, or is not there now.
 */
export function affectedNames(
  root: string,
  paths: Iterable<string>,
  before: ModelFolders,
  now: ModelFolders,
): ReadonlySet<string> {
  const names = new Set<string>()
  const owners = new Map<string, Set<string>>()
  for (const models of [before, now]) {
    for (const [name, folders] of models) {
      if (!before.has(name) || !now.has(name)) names.add(name)
      for (const folder of folders) owners.set(folder, (owners.get(folder) ?? new Set()).add(name))
    }
  }
  for (const path of paths) {
    for (const name of ownersAbove(path, root, owners)) names.add(name)
    if (path === root) continue
    for (const [folder, inside] of owners) {
      if (isAtOrBelow(folder, path)) for (const name of inside) names.add(name)
    }
  }
  return names
}

export function isAtOrBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}

function ownersAbove(
  path: string,
  root: string,
  owners: ReadonlyMap<string, ReadonlySet<string>>,
): Iterable<string> {
  for (let folder = path; isAtOrBelow(folder, root); folder = dirname(folder)) {
    const found = owners.get(folder)
    if (found !== undefined) return found
    if (folder === dirname(folder)) break
  }
  return []
}
