import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type ModelSettings, modelFile, ServingError } from '@millrace/sdk'

const WELL_KNOWN_NAME = 'model.onnx'
const MOST_NAMES_LISTED = 10

/**
 * The path of the model file that the settings' `uri` stands for: the file itself, or in a folder `model.onnx`, or
 * else the only file whose name ends in `.onnx`.
 * @throws ServingError FAILED_PRECONDITION naming the path and what was found there.
 */
export async function findModelFile(
  settings: Pick<ModelSettings, 'name' | 'uri' | 'folder'>,
): Promise<string> {
  const path = await modelFile(settings, [WELL_KNOWN_NAME])
  // A URI of another scheme comes back as it is.
  const found = await stat(path).catch((cause: unknown) => {
    throw new ServingError(
      'FAILED_PRECONDITION',
      `parameters.uri is '${path}'; allowed is a local path or a file: URL`,
      { cause },
    )
  })
  return found.isDirectory() ? chooseIn(path) : path
}

async function chooseIn(folder: string): Promise<string> {
  const names = (await readdir(folder)).sort()
  const candidates: string[] = []
  for (const name of names) {
    // `stat` and not the entry's own type: volumes of Kubernetes mount every file as a symbolic link.
    if (name.endsWith('.onnx') && (await stat(join(folder, name))).isFile()) candidates.push(name)
  }
  const [chosen] = candidates
  if (chosen === undefined) {
    throw new ServingError(
      'FAILED_PRECONDITION',
      `folder '${folder}' has no ${WELL_KNOWN_NAME} and no other .onnx file; it holds ${list(names)}`,
    )
  }
  if (candidates.length > 1) {
    throw new ServingError(
      'FAILED_PRECONDITION',
      `folder '${folder}' has no ${WELL_KNOWN_NAME} but ${candidates.length} other .onnx files: ${list(candidates)}; name one of them in parameters.uri`,
    )
  }
  return join(folder, chosen)
}

function list(names: readonly string[]): string {
  if (names.length === 0) return 'nothing'
  const shown = names.slice(0, MOST_NAMES_LISTED).join(', ')
  return names.length > MOST_NAMES_LISTED ? `${shown} and ${names.length - MOST_NAMES_LISTED} more` : shown
}
