import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ModelVersionSettings } from './model-version-settings.ts'

/** More entries than this are not counted: what has so many is no model, but what it runs with. */
const MAX_ENTRIES = 10_000
/** Programs beside a model, which are not loaded with it. */
const LEFT_OUT = new Set(['node_modules', '__pycache__', 'site-packages'])

/**
 * What a model's artefact takes on the disk: its file, or all files of its folder except programs and hidden ones. 0 for an
 * artefact that is not on this machine, or cannot be read; that is for its load to say.
 */
export async function artefactBytes({
  uri,
  folder,
}: Pick<ModelVersionSettings, 'uri' | 'folder'>): Promise<number> {
  const path = uri === '' ? folder : uri
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) return 0
  return found.isDirectory() ? folderBytes(path) : found.size
}

async function folderBytes(root: string): Promise<number> {
  const folders = [root]
  let bytes = 0
  let entries = 0
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
      if (++entries > MAX_ENTRIES) return bytes
      if (entry.name.startsWith('.') || LEFT_OUT.has(entry.name)) continue
      const path = join(folder, entry.name)
      if (entry.isDirectory()) folders.push(path)
      // Links to files count by what they lead to, links to folders not at all: they may lead back.
      else {
        const found = await stat(path).catch(() => undefined)
        if (found?.isFile() === true) bytes += found.size
      }
    }
  }
  return bytes
}
