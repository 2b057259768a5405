import { createHash } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { serialize } from 'node:v8'
import { isWithin } from './bare-models.ts'
import { parseImplementation } from './implementation-text.ts'
import type { ModelVersionSettings } from './model-version-settings.ts'

/** Looking at more files than this takes longer than what a stamp saves. */
const MAX_FILES = 1000
/** What is installed there changes for a server when it starts. */
const LEFT_OUT = new Set(['node_modules', '__pycache__', 'site-packages'])

/**
 * Equal for a model with the same settings, whose files have the same sizes and times of their last change: its artefact, the
 * code that is its own, and its warm-up requests. Nothing is read but what the file system says of them. Undefined for a model that
 * cannot be told from a changed one: its artefact is not on this machine or has more than 1000 files, or its settings are no data.
 */
export async function stampModel(settings: ModelVersionSettings): Promise<string | undefined> {
  const { uri, folder, warmUpFiles } = settings
  const artefact = uri === '' ? folder : uri
  const files: string[] = []
  for (const root of new Set([artefact, ...ownCode(settings), ...warmUpFiles])) {
    const found = await stat(root).catch(() => undefined)
    if (found === undefined && root === artefact) return undefined
    if (found?.isDirectory() !== true) files.push(root)
    else if (!(await addFiles(root, files))) return undefined
  }
  const states = await Promise.all(files.map(stateOf))
  try {
    return createHash('sha256')
      .update(serialize([settings, states.toSorted()]))
      .digest('base64')
  } catch {
    // Settings that a repository of the operator's own has made may hold functions.
    return undefined
  }
}

/** The model's folder, of which its file may import more; that file alone where it lies elsewhere. */
function ownCode({ implementation, folder }: ModelVersionSettings): readonly string[] {
  const { module, isPath } = parseImplementation(implementation)
  if (!isPath) return []
  const file = resolve(folder, module)
  return isWithin(file, folder) ? [folder] : [file]
}

/** False if there are too many. */
async function addFiles(root: string, files: string[]): Promise<boolean> {
  const folders = [root]
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
    if (entries.length + files.length + folders.length > MAX_FILES) return false
    for (const entry of entries) {
      if (LEFT_OUT.has(entry.name)) continue
      if (!entry.isDirectory()) files.push(join(folder, entry.name))
      else if (!entry.name.startsWith('.')) folders.push(join(folder, entry.name))
    }
  }
  return true
}

async function stateOf(file: string): Promise<string> {
  const found = await stat(file).catch(() => undefined)
  return JSON.stringify([file, found?.size, found?.mtimeMs])
}
