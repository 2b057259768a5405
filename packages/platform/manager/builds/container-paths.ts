import { lstat, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { VersionFolder } from '../models/model-folders.ts'

/** Files in which package managers are told of indexes and certificates. */
const CONFIGURATIONS: readonly string[] = ['pip.conf', 'pip.ini', '.npmrc']
const BYTES_MAX = 1024 * 1024
/** `/model` where a path begins. */
const CONTAINER_PATH = /(?:(?<![\w.\-/])|(?<=\bfile:\/\/))\/model(?=\/|$|["'\s:;])/gm

/** `/model`, where a model lies in a container, made into where it lies here. */
export function withRealPaths(text: string, folder: VersionFolder): string {
  return text.replaceAll(CONTAINER_PATH, () => folder.model)
}

/**
 * Does so in the payload's configurations of pip and npm, which must name a certificate by an absolute path.
 * Resolves to the names of those that were changed.
 */
export async function rewriteConfigurations(folder: VersionFolder): Promise<readonly string[]> {
  const changed: string[] = []
  for (const name of CONFIGURATIONS) {
    const path = join(folder.files, name)
    const stats = await lstat(path).catch(() => undefined)
    if (stats?.isFile() !== true || stats.size > BYTES_MAX) continue
    const text = await readFile(path, 'utf8')
    const real = withRealPaths(text, folder)
    if (real === text) continue
    await writeFile(path, real)
    changed.push(name)
  }
  return changed
}
