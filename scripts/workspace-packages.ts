import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const REPOSITORY_ROOT = join(import.meta.dirname, '..')

/** What the scripts read of a package's manifest. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly bin?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, unknown>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly millrace?: { readonly placement?: string }
}

export interface WorkspacePackage {
  /** From the root of the repository, such as `packages/sdk`. */
  readonly folder: string
  readonly manifest: Manifest
}

/** The packages of the root manifest's `workspaces`, each after those of them that it depends on. */
export function workspacePackages(root = REPOSITORY_ROOT): WorkspacePackage[] {
  const { workspaces } = readJson(join(root, 'package.json')) as { workspaces: readonly string[] }
  const open = workspaces.map(folder => ({
    folder,
    manifest: readJson(join(root, folder, 'package.json')) as Manifest,
  }))
  const ordered: WorkspacePackage[] = []
  while (open.length > 0) {
    const waiting = new Set(open.map(({ manifest }) => manifest.name))
    const next = open.findIndex(
      ({ manifest }) => !Object.keys(manifest.dependencies ?? {}).some(name => waiting.has(name)),
    )
    if (next === -1) throw new Error(`packages depend on each other in a circle: ${[...waiting].join(', ')}`)
    ordered.push(...open.splice(next, 1))
  }
  return ordered
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'))
}
