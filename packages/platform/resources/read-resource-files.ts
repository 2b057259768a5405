import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { ServingError } from '@millrace/sdk'
import { type ParsedResources, parseResources } from './parse-resources.ts'
import type { Resource, ResourceKind } from './resource.ts'

const FILES_MAX = 1_000
const FILE_BYTES_MAX = 1024 * 1024
const DEPTH_MAX = 16

/** What others name comes before what names it. */
const ORDER: readonly ResourceKind[] = ['DeploymentConfiguration', 'Model', 'Application']

/**
 * Reads a resource file, or all of a folder: its `.yaml` and `.yml` files at any depth, hidden ones left out. A file's
 * documents stay in their order. Those of a folder are ordered by kind (deployment configurations, models, applications),
 * then by path, then as written.
 *
 * Rejects NOT_FOUND for a path where nothing is, and INVALID_ARGUMENT as `parseResources`, with the mistakes of all files.
 */
export async function readResourceFiles(path: string): Promise<ParsedResources> {
  const stats = await stat(path).catch(() => undefined)
  if (stats === undefined) throw new ServingError('NOT_FOUND', `there is no file or folder ${path}`)
  if (!stats.isDirectory()) return readResourceFile(path)
  const files: string[] = []
  await findFiles(path, files, 0)
  if (files.length === 0) {
    throw new ServingError('NOT_FOUND', `there is no resource file in ${path}; they end in .yaml or .yml`)
  }
  const mistakes: string[] = []
  const resources: Resource[] = []
  const warnings: string[] = []
  for (const file of files) {
    const parsed = await readResourceFile(file).catch((error: unknown) => {
      if (!ServingError.is(error) || error.code !== 'INVALID_ARGUMENT') throw error
      mistakes.push(error.message)
    })
    resources.push(...(parsed?.resources ?? []))
    warnings.push(...(parsed?.warnings ?? []))
  }
  if (mistakes.length > 0) throw new ServingError('INVALID_ARGUMENT', mistakes.join('\n'))
  return { resources: resources.toSorted((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind)), warnings }
}

async function readResourceFile(file: string): Promise<ParsedResources> {
  const { size } = await stat(file)
  if (size > FILE_BYTES_MAX) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `${file}, line 1, column 1: the file has ${size} bytes; at most ${FILE_BYTES_MAX} are read`,
    )
  }
  return parseResources(await readFile(file, 'utf8'), { file, folder: dirname(resolve(file)) })
}

async function findFiles(folder: string, files: string[], depth: number): Promise<void> {
  if (depth > DEPTH_MAX) {
    throw new ServingError('INVALID_ARGUMENT', `${folder} lies more than ${DEPTH_MAX} folders deep`)
  }
  const items = await readdir(folder, { withFileTypes: true })
  for (const item of items.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const { name } = item
    if (name.startsWith('.') || name === 'node_modules') continue
    const path = join(folder, name)
    if (item.isDirectory()) await findFiles(path, files, depth + 1)
    else if (/\.ya?ml$/i.test(name)) files.push(path)
    if (files.length > FILES_MAX) {
      throw new ServingError('INVALID_ARGUMENT', `${folder} has more than ${FILES_MAX} resource files`)
    }
  }
}
