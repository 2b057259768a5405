import { homedir } from 'node:os'
import { join } from 'node:path'
import { readClusterFile } from '../../resources/index.ts'
import { CommandFailure } from '../command-failure.ts'
import { EXIT } from '../exit-codes.ts'
import type { ConnectionFlags } from './connection-flags.ts'

const DEFAULT_SERVER = 'http://127.0.0.1:8080'

export interface FoundServer {
  readonly url: string
  /** For messages: the address, and where it was found if nobody said it on the command line. */
  readonly words: string
}

type Environment = Readonly<Record<string, string | undefined>>

/** Where the names of platforms are kept. */
export function clusterFilePath(environment: Environment): string {
  const named = environment['MILLRACE_CONFIG']
  return named === undefined || named === '' ? join(homedir(), '.hs', 'config.yaml') : named
}

/** Rejects with a `CommandFailure` for a cluster that nobody has added. */
export async function findServer(
  { server, cluster }: ConnectionFlags,
  environment: Environment = process.env,
): Promise<FoundServer> {
  if (server !== undefined) return { url: server, words: server }
  const file = clusterFilePath(environment)
  if (cluster !== undefined) return namedServer(file, cluster, `--cluster ${cluster}`)
  const variable = environment['MILLRACE_SERVER']
  if (variable !== undefined && variable !== '') {
    return { url: variable, words: `${variable} (MILLRACE_SERVER)` }
  }
  const { current } = await readClusterFile(file)
  if (current !== undefined) return namedServer(file, current, `current_cluster '${current}'`)
  return { url: DEFAULT_SERVER, words: DEFAULT_SERVER }
}

async function namedServer(file: string, name: string, said: string): Promise<FoundServer> {
  const { clusters } = await readClusterFile(file)
  const found = clusters.find(cluster => cluster.name === name)
  if (found !== undefined) return { url: found.server, words: `${found.server} (cluster ${name} of ${file})` }
  const names = clusters.length === 0 ? 'none' : clusters.map(cluster => cluster.name).join(', ')
  throw new CommandFailure(
    `${said} is no cluster of ${file}, which has ${names}; add it with millrace cluster add ${name} --server URL`,
    EXIT.configuration,
  )
}
