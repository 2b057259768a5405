import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { ServingError } from '../errors/index.ts'
import type { ModelSettings } from './settings.ts'

/**
 * Where a model's artefact is: the file that `uri` names, or in a folder the first of `wellKnownNames` that is there, or
 * else the folder itself. A relative path begins in the settings' folder. A URI of another scheme than `file` comes back
 * as it is, for the model to deal with.
 * @throws ServingError FAILED_PRECONDITION (422 over REST) naming the model, if there is no URI or nothing at its path
 */
export async function modelFile(
  settings: Pick<ModelSettings, 'name' | 'uri' | 'folder'>,
  wellKnownNames: readonly string[],
): Promise<string> {
  const { name, uri, folder } = settings
  if (uri === '') throw invalid(name)
  const path = localPath(uri, folder)
  if (path === undefined) return uri
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile() === true) return path
  if (found?.isDirectory() !== true) throw invalid(name, path)
  for (const wellKnownName of wellKnownNames) {
    const candidate = join(path, wellKnownName)
    if ((await stat(candidate).catch(() => undefined)) !== undefined) return candidate
  }
  return path
}

/** Undefined for a URI of another scheme than `file`. Percent signs are taken as they are, as MLServer does. */
function localPath(uri: string, folder: string): string | undefined {
  const [, path] = /^file:(?:\/\/(?:localhost)?(?=\/))?(.*)$/is.exec(uri) ?? []
  if (path !== undefined) return resolve(folder, path)
  // Two letters at least: `c:` is a drive.
  return /^[a-z][a-z\d+.-]+:/i.test(uri) ? undefined : resolve(folder, uri)
}

function invalid(name: string, path?: string): ServingError {
  const place = path === undefined ? '' : ` (${path})`
  return new ServingError('FAILED_PRECONDITION', `Invalid URI specified for model ${name}${place}`, {
    httpStatus: 422,
  })
}
