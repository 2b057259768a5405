import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ServingError } from '@millrace/sdk'

const WELL_KNOWN_NAME = 'model.onnx'
const MOST_NAMES_LISTED = 10

/**
 * The path of the model file that `uri` stands for: the file itself, or in a folder `model.onnx`, or
 * else the only file whose name ends in `.onnx`.
 * @param uri an absolute path or a `file:` URL
 * @throws ServingError FAILED_PRECONDITION naming the folder and what was found in it.
 */
export async function findModelFile(uri: string): Promise<string> {
  const path = localPath(uri)
  const found = await stat(path).catch((cause: unknown) => {
    throw new ServingError(
      'FAILED_PRECONDITION',
      `parameters.uri is '${uri}': there is no such file or folder`,
      { cause },
    )
  })
  if (found.isFile()) return path
  if (!found.isDirectory())
    throw new ServingError(
      'FAILED_PRECONDITION',
      `parameters.uri is '${uri}', which is neither a file nor a folder`,
    )
  return chooseIn(path)
}

async function chooseIn(folder: string): Promise<string> {
  const names = (await readdir(folder)).sort()
  const candidates: string[] = []
  for (const name of names) {
    // `stat` and not the entry's own type: volumes of Kubernetes mount every file as a symbolic link.
    if (name.endsWith('.onnx') && (await stat(join(folder, name))).isFile()) candidates.push(name)
  }
  const chosen = candidates.includes(WELL_KNOWN_NAME) ? WELL_KNOWN_NAME : candidates[0]
  if (chosen === undefined) {
    throw new ServingError(
      'FAILED_PRECONDITION',
      `folder '${folder}' has no ${WELL_KNOWN_NAME} and no other .onnx file; it holds ${list(names)}`,
    )
  }
  if (chosen !== WELL_KNOWN_NAME && candidates.length > 1) {
    throw new ServingError(
      'FAILED_PRECONDITION',
      `folder '${folder}' has no ${WELL_KNOWN_NAME} but ${candidates.length} other .onnx files: ${list(candidates)}; name one of them in parameters.uri`,
    )
  }
  return join(folder, chosen)
}

function localPath(uri: string): string {
  if (uri.startsWith('file:')) return fileURLToPath(uri)
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(uri))
    throw new ServingError(
      'FAILED_PRECONDITION',
      `parameters.uri is '${uri}'; allowed is a local path or a file: URL`,
    )
  return uri
}

function list(names: readonly string[]): string {
  if (names.length === 0) return 'nothing'
  const shown = names.slice(0, MOST_NAMES_LISTED).join(', ')
  return names.length > MOST_NAMES_LISTED ? `${shown} and ${names.length - MOST_NAMES_LISTED} more` : shown
}
