import { open, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type ModelSettings, modelFile, ServingError } from '@millrace/sdk'

const WELL_KNOWN_NAMES = ['model.bst', 'model.txt']
const ENDINGS = ['.bst', '.txt']
/** How every model in text form begins. */
const BEGINNING = /^tree\r?\n/
const BEGINNING_BYTES = 6
const MOST_FILES_TRIED = 100
const MOST_BYTES = 2 ** 30

/**
 * Reads the model file that the settings stand for: the file itself, in a folder `model.bst` or `model.txt`, or else the
 * only `.bst` or `.txt` file that begins like a LightGBM model.
 * @throws ServingError FAILED_PRECONDITION naming the path and what was found there; above 1 GiB too
 */
export async function readModelFile(settings: ModelSettings): Promise<{ file: string; bytes: Buffer }> {
  const path = await modelFile(settings, WELL_KNOWN_NAMES)
  if (/^[a-z][a-z\d+.-]+:/i.test(path))
    throw refused(`parameters.uri is '${path}'; allowed is a local path or a file: URL`)
  const isFolder = (await stat(path)).isDirectory()
  const file = isFolder ? await chooseIn(path) : path
  const { size } = await stat(file)
  if (size > MOST_BYTES)
    throw refused(`LightGBM model '${file}' has ${size} bytes; at most ${MOST_BYTES} are allowed`)
  return { file, bytes: await readFile(file) }
}

async function chooseIn(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter(name => ENDINGS.some(ending => name.endsWith(ending))).sort()
  const found: string[] = []
  for (const name of names.slice(0, MOST_FILES_TRIED)) {
    if (await beginsLikeModel(join(folder, name))) found.push(name)
  }
  const [only] = found
  if (only !== undefined && found.length === 1) return join(folder, only)
  throw refused(
    found.length === 0
      ? `folder '${folder}' has no ${WELL_KNOWN_NAMES.join(' or ')}, and no other .bst or .txt file that is a LightGBM model`
      : `folder '${folder}' has several LightGBM models: ${found.slice(0, 10).join(', ')}; name one of them in parameters.uri`,
  )
}

async function beginsLikeModel(path: string): Promise<boolean> {
  await using handle = await open(path)
  if (!(await handle.stat()).isFile()) return false
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(BEGINNING_BYTES), 0, BEGINNING_BYTES, 0)
  return BEGINNING.test(buffer.toString('latin1', 0, bytesRead))
}

function refused(message: string): ServingError {
  return new ServingError('FAILED_PRECONDITION', message)
}
