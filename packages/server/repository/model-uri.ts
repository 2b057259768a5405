import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type ModelSettings, ServingError } from '@millrace/sdk'
import { hasScheme, resolveArtefactUri } from './artefact-uri.ts'

/**
 * Where a model's artefact is: the file that `uri` names; in a folder the first of `wellKnownNames`
 * that exists there, otherwise the folder itself. A URI of another scheme than `file` comes back
 * unchanged: the runtime must deal with it. MLServer's `get_model_uri`, with its messages.
 * @throws ServingError INVALID_ARGUMENT (422 over REST) if there is no URI, or nothing at its place
 */
export async function resolveModelUri(
  settings: Pick<ModelSettings, 'name' | 'uri' | 'folder'>,
  wellKnownNames: readonly string[],
): Promise<string> {
  const { name, uri, folder } = settings
  if (uri === '') throw invalid(name, ': it has no uri; set parameters.uri or MLSERVER_MODEL_URI')
  const path = resolveArtefactUri(uri, folder)
  if (hasScheme(path)) return path

  const found = await stat(path).catch(() => null)
  if (found === null) throw invalid(name, ` (${path}): there is no such file or folder`)
  if (!found.isDirectory()) return path
  for (const wellKnownName of wellKnownNames) {
    const candidate = join(path, wellKnownName)
    if ((await stat(candidate).catch(() => null)) !== null) return candidate
  }
  return path
}

function invalid(modelName: string, details: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', `Invalid URI specified for model ${modelName}${details}`, {
    httpStatus: 422,
  })
}
