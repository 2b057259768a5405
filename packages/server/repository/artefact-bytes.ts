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
    const listed = await readdir(folder, { withFileTypes: true }).catch(() => [])
    const counted = listed.slice(0, MAX_ENTRIES - entries)
    entries += counted.length
    const files: string[] = []
    for (const entry of counted) {
      if (entry.name.startsWith('.') || LEFT_OUT.has(entry.name)) continue
      ;(entry.isDirectory() ? folders : files).push(join(folder, entry.name))
    }
    // Side by side: a request may wait for the sum.
    for (const size of await Promise.all(files.map(sizeOf))) bytes += size
  }
  return bytes
}

/** Links to files count by what they lead to, links to folders not at all: they may lead back. */
async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() === true ? found.size : 0
}
