import { stat } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { RuntimeChoice } from '../../deploy/index.ts'
import type { ModelVersionRecord, StringMap } from '../../store/index.ts'
import type { ResolveRuntime } from '../runtimes/resolved-runtime.ts'
import type { ModelFolders } from './model-folders.ts'

/** What a deploy driver needs to know of a version. */
export interface DeployableModel {
  readonly modelFolder: string
  readonly runtime: RuntimeChoice
  /** To be put under the variables of the deployment configuration. */
  readonly environment: StringMap
}

/**
 * A released version as a driver takes it. What the install command has put into the version's Python environment is found
 * by processes of this machine: `MILLRACE_PYTHON` and the `PATH` name it.
 *
 * Rejects FAILED_PRECONDITION for a version that cannot be deployed.
 */
export async function toDeployableModel(
  version: ModelVersionRecord,
  { folders, resolveRuntime }: { readonly folders: ModelFolders; readonly resolveRuntime: ResolveRuntime },
): Promise<DeployableModel> {
  const folder = await folders.built(version)
  const { choice, environment } = await resolveRuntime(version.runtime!)
  const hasPython = choice.kind !== 'image' && (await isFolder(folder.python))
  return {
    modelFolder: folder.model,
    runtime: choice,
    environment: hasPython ? { ...pythonVariables(folder.python), ...environment } : environment,
  }
}

/** What makes programs find the Python environment of a version first. */
export function pythonVariables(python: string): StringMap {
  const programs = join(python, 'bin')
  return {
    MILLRACE_PYTHON: join(programs, 'python'),
    VIRTUAL_ENV: python,
    PATH: [programs, process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'].join(delimiter),
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true
}
