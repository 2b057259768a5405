import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ServingError } from '@millrace/sdk'
import { type Document, isMap, isSeq, parseDocument, YAMLMap, type YAMLSeq } from 'yaml'

const FILE_CHARACTERS_MAX = 1024 * 1024

/** A platform that somebody has given a name. */
export interface Cluster {
  readonly name: string
  /** `http://HOST:PORT` */
  readonly server: string
}

/** The names of platforms, and which of them is meant when nothing else is said. */
export interface ClusterFile {
  readonly current: string | undefined
  readonly clusters: readonly Cluster[]
}

/**
 * Reads `current_cluster` and `clusters`; a file that is not there has none.
 *
 * Rejects INVALID_ARGUMENT naming the file, the member, and what is allowed.
 */
export async function readClusterFile(file: string): Promise<ClusterFile> {
  return clustersOf(await readDocument(file), file)
}

/**
 * Writes what has changed, and leaves everything else in the file as it is, comments included. Makes the file and its
 * folder if they are not there.
 *
 * Rejects as `readClusterFile`, and with the system's error for a file that cannot be written.
 */
export async function writeClusterFile(file: string, { current, clusters }: ClusterFile): Promise<void> {
  const document = await readDocument(file)
  clustersOf(document, file)
  document.contents ??= new YAMLMap()
  if (current === undefined) document.delete('current_cluster')
  else document.set('current_cluster', current)
  const list = clusterNodes(document)
  const servers = new Map(clusters.map(({ name, server }) => [name, server]))
  list.items = list.items.filter(item => isMap(item) && servers.has(String(item.get('name'))))
  for (const item of list.items) {
    if (!isMap(item)) continue
    const name = String(item.get('name'))
    item.setIn(['cluster', 'server'], servers.get(name))
    servers.delete(name)
  }
  for (const [name, server] of servers) list.items.push(document.createNode({ name, cluster: { server } }))
  await mkdir(dirname(file), { recursive: true })
  // Whoever reads meanwhile sees the old file or the new one.
  const temporary = `${file}.${randomUUID()}`
  await writeFile(temporary, String(document))
  await rename(temporary, file)
}

async function readDocument(file: string): Promise<Document> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  if (text.length > FILE_CHARACTERS_MAX) {
    throw invalid(
      file,
      `it has ${text.length} characters; a list of clusters has at most ${FILE_CHARACTERS_MAX}`,
    )
  }
  const document = parseDocument(text, { prettyErrors: true })
  const [error] = document.errors
  if (error !== undefined) throw invalid(file, `this is not YAML: ${error.message.split('\n', 1)[0]}`)
  if (document.contents !== null && !isMap(document.contents)) {
    throw invalid(file, 'it holds no object with current_cluster and clusters')
  }
  return document
}

function clustersOf(document: Document, file: string): ClusterFile {
  const { current_cluster: current, clusters = [] } = (document.toJS({ maxAliasCount: 100 }) ?? {}) as {
    readonly current_cluster?: unknown
    readonly clusters?: unknown
  }
  if (current !== undefined && current !== null && typeof current !== 'string') {
    throw invalid(file, 'current_cluster is not the name of a cluster')
  }
  const list: unknown = clusters ?? []
  if (!Array.isArray(list)) throw invalid(file, 'clusters is not a list')
  return {
    current: current ?? undefined,
    clusters: list.map((item: unknown, index) => clusterOf(item, `clusters[${index}]`, file)),
  }
}

function clusterOf(item: unknown, path: string, file: string): Cluster {
  const { name, cluster } = (item ?? {}) as { readonly name?: unknown; readonly cluster?: unknown }
  const { server } = (cluster ?? {}) as { readonly server?: unknown }
  if (typeof name !== 'string' || name === '') throw invalid(file, `${path}.name is not a name`)
  if (typeof server !== 'string' || server === '') {
    throw invalid(file, `${path}.cluster.server is not an address such as http://127.0.0.1:8080`)
  }
  return { name, server }
}

function clusterNodes(document: Document): YAMLSeq {
  const present = document.get('clusters')
  if (isSeq(present)) return present
  const made = document.createNode([]) as unknown as YAMLSeq
  document.set('clusters', made)
  return made
}

function invalid(file: string, reason: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', `${file}: ${reason}`)
}
