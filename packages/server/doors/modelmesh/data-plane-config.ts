import { ServingError } from '@millrace/sdk'
import { checkIdPath, type IdPath } from '@millrace/sdk/protocol'
import { parseJsonObject } from '../../base/index.ts'

/** How one method's messages name their model. */
export interface RpcConfig {
  /** Undefined: they do not, and metadata does. */
  readonly idPath: IdPath | undefined
  /** Whether what stands there is an alias or a model. */
  readonly kind: 'alias' | 'model'
}

/** What ModelMesh calls its data-plane configuration. */
export interface DataPlaneConfig {
  /** By `package.Service/Method`. */
  readonly rpcs: ReadonlyMap<string, RpcConfig>
  /** False: methods that answer for models and are not listed cannot be called. */
  readonly allowsOthers: boolean
}

export const EMPTY_CONFIG: DataPlaneConfig = { rpcs: new Map(), allowsOthers: true }

const MAX_RPCS = 10_000

/**
 * Reads `{"rpcConfigs": {"pkg.Service/Method": {"idExtractionPath": [1], "vModelId": true}}, "allowOtherRpcs": true}`.
 * @throws ServingError INVALID_ARGUMENT beginning with `subject`, also for members that ModelMesh does not know
 */
export function readDataPlaneConfig(text: string, subject: string): DataPlaneConfig {
  const { rpcConfigs = {}, allowOtherRpcs = true, ...others } = parseJsonObject(text, subject)
  refuseOthers(others, subject, 'rpcConfigs and allowOtherRpcs')
  if (typeof allowOtherRpcs !== 'boolean') {
    throw invalid(subject, `allowOtherRpcs is ${JSON.stringify(allowOtherRpcs)}; it must be true or false`)
  }
  const entries = Object.entries(objectOf(rpcConfigs, `${subject}: rpcConfigs`))
  if (entries.length > MAX_RPCS)
    throw invalid(subject, `rpcConfigs has ${entries.length} methods, allowed are ${MAX_RPCS}`)
  const rpcs = new Map<string, RpcConfig>()
  for (const [name, value] of entries) {
    const where = `${subject}: rpcConfigs['${name}']`
    if (!/^[^/\s]+\/[^/\s]+$/.test(name))
      throw invalid(where, 'is no method; it must be package.Service/Method')
    const { idExtractionPath = [], vModelId = false, ...rest } = objectOf(value, where)
    refuseOthers(rest, where, 'idExtractionPath and vModelId')
    if (typeof vModelId !== 'boolean')
      throw invalid(where, `vModelId is ${JSON.stringify(vModelId)}; it must be true or false`)
    if (!Array.isArray(idExtractionPath))
      throw invalid(where, 'idExtractionPath must be a list of numbers of fields')
    const idPath = idExtractionPath as number[]
    if (idPath.length > 0) checkIdPath(idPath, `${where}: idExtractionPath`)
    rpcs.set(name, { idPath: idPath.length === 0 ? undefined : idPath, kind: vModelId ? 'alias' : 'model' })
  }
  return { rpcs, allowsOthers: allowOtherRpcs }
}

function objectOf(value: unknown, subject: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw invalid(subject, 'must be an object')
}

function refuseOthers(others: object, subject: string, allowed: string): void {
  const [other] = Object.keys(others)
  if (other !== undefined) throw invalid(subject, `'${other}' is unknown; allowed are ${allowed}`)
}

function invalid(subject: string, problem: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', `${subject}: ${problem}`)
}
