import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ServingError } from '@millrace/sdk'
import type { ModelVersionRecord } from '../../store/index.ts'

/** Where the files of one version lie. */
export interface VersionFolder {
  /** All of it. */
  readonly root: string
  /** What a container has at `/model`: `contract.protobin` and `files`. */
  readonly model: string
  /** The unpacked payload, in which the install command runs. */
  readonly files: string
  /** The version's own Python environment; there only if it has an install command. */
  readonly python: string
}

/** The folders of versions. They get their final place when their build begins, because Python environments cannot move. */
export interface ModelFolders {
  of(versionId: number): VersionFolder
  /** Rejects FAILED_PRECONDITION for a version that is not released, runs elsewhere, or was built on another machine. */
  built(version: ModelVersionRecord): Promise<VersionFolder>
  remove(versionId: number): Promise<void>
  /** Removes every folder but those of these versions. */
  keepOnly(versionIds: ReadonlySet<number>): Promise<void>
}

export function createModelFolders(dataFolder: string): ModelFolders {
  const folder = join(dataFolder, 'versions')
  const of = (versionId: number): VersionFolder => {
    const root = join(folder, String(versionId))
    const model = join(root, 'model')
    return { root, model, files: join(model, 'files'), python: join(root, 'python') }
  }
  return {
    of,
    async built(version) {
      const name = `${version.modelName}:${version.version}`
      if (version.isExternal) {
        throw new ServingError('FAILED_PRECONDITION', `Can't deploy external ModelVersion ${name}`)
      }
      if (version.status !== 'Released') {
        throw new ServingError(
          'FAILED_PRECONDITION',
          `ModelVersion ${name} is ${version.status}; only a Released one can be deployed`,
        )
      }
      const place = of(version.id)
      if ((await stat(place.files).catch(() => undefined))?.isDirectory() === true) return place
      throw new ServingError(
        'FAILED_PRECONDITION',
        `the files of ModelVersion ${name} are not in ${place.root}; upload it again`,
      )
    },
    remove: versionId => removePath(of(versionId).root),
    async keepOnly(versionIds) {
      const names = await readdir(folder).catch(() => [])
      for (const name of names) {
        if (!versionIds.has(Number(name))) await removePath(join(folder, name))
      }
    },
  }
}

function removePath(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true, maxRetries: 3 })
}
