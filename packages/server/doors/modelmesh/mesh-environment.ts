import { readFile } from 'node:fs/promises'
import { ServingError } from '@millrace/sdk'
import type { Variables } from '../../base/index.ts'
import { type DataPlaneConfig, EMPTY_CONFIG, readDataPlaneConfig } from './data-plane-config.ts'
import { type PayloadTarget, readPayloadTargets } from './payload-target.ts'

/** What ModelMesh's own variables say. */
export interface MeshEnvironment {
  readonly config: DataPlaneConfig
  readonly payloadTargets: readonly PayloadTarget[]
  readonly payloadCapacity: number
  readonly payloadParallelism: number
  /** Models of one request that are asked at once. */
  readonly parallelism: number
  /** '' for nobody. */
  readonly defaultOwner: string
  /** Models to register at the start, as JSON, and where that stands; undefined for none. */
  readonly registrations: { readonly text: string; readonly subject: string } | undefined
}

/**
 * Reads the variables of ModelMesh (`MM_…`), and the files that they name, once.
 * @throws ServingError INVALID_ARGUMENT naming the variable
 */
export async function readMeshEnvironment(variables: Variables): Promise<MeshEnvironment> {
  const config = await textOf(variables, 'MM_DATAPLANE_CONFIG')
  return {
    config: config === undefined ? EMPTY_CONFIG : readDataPlaneConfig(config.text, config.subject),
    payloadTargets: readPayloadTargets(variables['MM_PAYLOAD_PROCESSORS'] ?? '', 'MM_PAYLOAD_PROCESSORS'),
    payloadCapacity: countOf(variables, 'MM_PAYLOAD_PROCESSORS_CAPACITY', 64, 100_000),
    payloadParallelism: countOf(variables, 'MM_PAYLOAD_PROCESSORS_THREADS', 2, 64),
    parallelism: countOf(variables, 'MM_MULTI_PARALLELISM', 4, 64),
    defaultOwner: variables['MM_DEFAULT_VMODEL_OWNER'] ?? '',
    registrations:
      (await textOf(variables, 'MM_AUTO_REGISTER_MODELS')) ??
      (await textOf(variables, 'MM_AUTO_REGISTER_MODEL')),
  }
}

/** Variables of ModelMesh that are set and mean nothing here; those that others read are not looked at. */
export function unreadVariables(variables: Variables): readonly string[] {
  return Object.keys(variables).filter(
    name => (name.startsWith('MM_') || name.startsWith('KV_')) && !READ.has(name) && variables[name] !== '',
  )
}

const READ: ReadonlySet<string> = new Set([
  ...['MM_DATAPLANE_CONFIG', 'MM_AUTO_REGISTER_MODELS', 'MM_AUTO_REGISTER_MODEL'].flatMap(name => [
    name,
    `${name}_PATH`,
  ]),
  'MM_PAYLOAD_PROCESSORS',
  'MM_PAYLOAD_PROCESSORS_CAPACITY',
  'MM_PAYLOAD_PROCESSORS_THREADS',
  'MM_MULTI_PARALLELISM',
  'MM_DEFAULT_VMODEL_OWNER',
])

/** A variable, or the file that its sister names. */
async function textOf(
  variables: Variables,
  name: string,
): Promise<{ readonly text: string; readonly subject: string } | undefined> {
  const pathName = `${name}_PATH`
  const text = variables[name] || undefined
  const path = variables[pathName] || undefined
  if (text !== undefined && path !== undefined) {
    throw new ServingError('INVALID_ARGUMENT', `${name} and ${pathName} are both set; allowed is one of them`)
  }
  if (path === undefined) return text === undefined ? undefined : { text, subject: name }
  try {
    return { text: await readFile(path, 'utf8'), subject: `${pathName} (${path})` }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ServingError('INVALID_ARGUMENT', `${pathName} names a file that cannot be read: ${reason}`, {
      cause,
    })
  }
}

function countOf(variables: Variables, name: string, missing: number, most: number): number {
  const text = variables[name]
  if (text === undefined || text === '') return missing
  const count = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (count >= 1 && count <= most) return count
  throw new ServingError(
    'INVALID_ARGUMENT',
    `${name} is '${text}'; it must be a whole number from 1 to ${most}`,
  )
}
