import { type Cluster, type ClusterFile, readClusterFile, writeClusterFile } from '../../resources/index.ts'
import { CommandFailure } from '../command-failure.ts'
import { EXIT } from '../exit-codes.ts'
import { clusterFilePath } from './find-server.ts'
import { textTable } from './text-table.ts'

export interface ClusterFlags {
  readonly name?: string
  readonly server?: string
}

/** Rejects with a `CommandFailure` for names that are there or are not, and addresses that are none. */
export async function runCluster(
  action: 'list' | 'add' | 'use' | 'rm' | undefined,
  name: string | undefined,
  { server }: ClusterFlags,
): Promise<void> {
  const file = clusterFilePath(process.env)
  const before = await readClusterFile(file)
  if (action === undefined) return print(`${currentText(before)}\n`)
  if (action === 'list') return print(listText(before))
  if (name === undefined) throw usage(`name the cluster: millrace cluster ${action} NAME`)
  const after = change(action, name, server, before)
  await writeClusterFile(file, after)
  const done = { add: 'added', use: 'is the current cluster', rm: 'removed' }[action]
  print(`${name} ${done}\n`)
  if (after.current !== before.current && action !== 'use') print(`${currentText(after)}\n`)
}

function change(
  action: 'add' | 'use' | 'rm',
  name: string,
  server: string | undefined,
  { current, clusters }: ClusterFile,
): ClusterFile {
  const isThere = clusters.some(cluster => cluster.name === name)
  if (action === 'add') {
    if (isThere)
      throw refused(`cluster ${name} is there already; remove it first with millrace cluster rm ${name}`)
    const added: Cluster = { name, server: checkServer(server) }
    return { current: current ?? name, clusters: [...clusters, added] }
  }
  if (!isThere) {
    const names = clusters.length === 0 ? 'there are none' : clusters.map(cluster => cluster.name).join(', ')
    throw refused(`there is no cluster ${name}: ${names}`)
  }
  if (action === 'use') return { current: name, clusters }
  const left = clusters.filter(cluster => cluster.name !== name)
  // A name that leads nowhere must not stay the current one.
  const next = left.length === 1 ? left[0]!.name : undefined
  return { current: current === name ? next : current, clusters: left }
}

function checkServer(server: string | undefined): string {
  if (server === undefined)
    throw usage('say where it is: millrace cluster add NAME --server http://HOST:PORT')
  const url = URL.parse(server)
  if (url !== null && /^https?:$/.test(url.protocol)) return server
  throw usage(`--server '${server}' is no address; expected http://HOST:PORT or https://HOST:PORT`)
}

function currentText({ current, clusters }: ClusterFile): string {
  if (current === undefined) return 'no current cluster'
  const found = clusters.find(cluster => cluster.name === current)
  return `current cluster: ${current} (${found?.server ?? 'which nobody has added'})`
}

function listText({ current, clusters }: ClusterFile): string {
  if (clusters.length === 0) return 'no clusters; add one with millrace cluster add NAME --server URL\n'
  const rows = clusters.map(({ name, server }) => [name, server, name === current ? 'current' : ''])
  return textTable(['NAME', 'SERVER', ''], rows)
}

function print(text: string): void {
  process.stdout.write(text)
}

function usage(message: string): CommandFailure {
  return new CommandFailure(message, EXIT.usage)
}

function refused(message: string): CommandFailure {
  return new CommandFailure(message, EXIT.configuration)
}
