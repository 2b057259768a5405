import { basename, dirname } from 'node:path'
import { ServingError } from '@millrace/sdk'
import type { VariablesSource } from '../base/index.ts'
import type { BareModel } from './folder-scan.ts'
import type { BrokenModel, RepositoryContents } from './model-repository.ts'
import { readBareModelSettings } from './model-settings-file.ts'
import type { ModelVersionSettings } from './model-version-settings.ts'

/**
 * Models that have no settings, named after their folder; where it is a number below a folder of the repository, as in
 * Triton's `iris/3`, after that folder, and the number is the version. Left out are folders that a model with settings
 * reads from, and names that such a model has.
 */
export function readBareModels(
  bare: readonly BareModel[],
  withSettings: readonly ModelVersionSettings[],
  variables: readonly VariablesSource[],
  root: string,
): RepositoryContents {
  const found: ModelVersionSettings[] = []
  const broken: BrokenModel[] = []
  const taken = new Set(withSettings.map(({ name, version }) => keyOf(name, version)))
  for (const { folder, recognition } of bare) {
    if (withSettings.some(({ uri }) => isWithin(uri, folder) || isWithin(folder, uri))) continue
    const parent = dirname(folder)
    const isVersion = /^\d+$/.test(basename(folder)) && folder !== root && parent !== root
    const name = basename(isVersion ? parent : folder)
    const version = isVersion ? basename(folder) : undefined
    if (taken.has(keyOf(name, version))) continue
    taken.add(keyOf(name, version))
    try {
      found.push(readBareModelSettings(folder, { name, version, recognition }, variables))
    } catch (error) {
      broken.push({ path: folder, name, error: ServingError.from(error, `${folder} cannot be read`) })
    }
  }
  return { found, broken }
}

function keyOf(name: string, version: string | undefined): string {
  return JSON.stringify([name, version ?? null])
}

/** True for a folder and whatever lies in it. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`)
}
