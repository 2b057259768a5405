import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { ServableSpec } from './deploy-driver.ts'

/** By this variable what a replica has started is found, wherever it went. */
export const REPLICA_VARIABLE = 'MILLRACE_REPLICA'

/** Where replicas listen. */
export const REPLICA_HOST = '127.0.0.1'

/**
 * Variables of the control plane that replicas get: what programs, libraries and interpreters need to be found and to
 * reach the network. Nothing else of its environment is for models: it may hold the database's address and secrets.
 */
const INHERITED = new RegExp(
  `^(${[
    'PATH|HOME|USER|LOGNAME|TMPDIR|TMP|TEMP|XDG_(CACHE|CONFIG|DATA)_HOME',
    'LANG|LANGUAGE|LC_\\w+|TZ',
    '(HTTP|HTTPS|ALL|NO)_PROXY',
    'NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|SSL_CERT_DIR|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE',
    'PYTHON\\w*|MILLRACE_PYTHON|VIRTUAL_ENV|CONDA_PREFIX|NODE_COMPILE_CACHE|JAVA_HOME',
    'LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|(CUDA|NVIDIA|ROCR|HIP)_\\w+',
  ].join('|')})$`,
  'i',
)

/** Python would keep lines to itself until it has many, and they would be lost when it is killed. */
const DEFAULTS = { PYTHONUNBUFFERED: '1' }

/** What libraries for numbers read when they decide how many threads to have, of which one is busy on one processor. */
const THREAD_COUNTS = ['UV_THREADPOOL_SIZE', 'OMP_NUM_THREADS']

export interface EnvironmentOptions {
  readonly spec: ServableSpec
  readonly port: number
  readonly replicaId: string
  /** The control plane's own. */
  readonly parent: NodeJS.ProcessEnv
  /** Names of more variables that replicas get from it. */
  readonly inheritedVariables: readonly string[]
}

/** All variables of one replica. The spec's win over inherited ones, and the driver's own over those. */
export function replicaEnvironment({
  spec,
  port,
  replicaId,
  parent,
  inheritedVariables,
}: EnvironmentOptions): Readonly<Record<string, string>> {
  const inherited = Object.entries(parent).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && (INHERITED.test(entry[0]) || inheritedVariables.includes(entry[0])),
  )
  return {
    ...DEFAULTS,
    ...threadCounts(spec),
    ...Object.fromEntries(inherited),
    ...spec.environment,
    ...ownPython(spec, parent['PATH']),
    APP_PORT: String(port),
    MODEL_DIR: spec.modelFolder,
    HOST: REPLICA_HOST,
    [REPLICA_VARIABLE]: replicaId,
  }
}

/** A process cannot be held to a share of the processors; a whole number of them is a hint for its thread pools. */
function threadCounts({ limits: { cpus } }: ServableSpec): Record<string, string> {
  if (cpus === undefined || !Number.isInteger(cpus)) return {}
  return Object.fromEntries(THREAD_COUNTS.map(name => [name, String(cpus)]))
}

/** Python of the version's own, where its build has made one: found first, whatever else is on the path. */
function ownPython(spec: ServableSpec, inheritedPath: string | undefined): Record<string, string> {
  const folder = join(spec.modelFolder, 'venv')
  const programs = join(folder, 'bin')
  if (!existsSync(programs)) return {}
  const path = spec.environment['PATH'] ?? inheritedPath ?? '/usr/local/bin:/usr/bin:/bin'
  return {
    VIRTUAL_ENV: folder,
    MILLRACE_PYTHON: join(programs, 'python'),
    PATH: [programs, path].join(delimiter),
  }
}
