import { ServingError } from '@millrace/sdk'
import type { ModelMesh } from './model-mesh.ts'
import type { ModelInfo } from './model-register.ts'

/** A model that a server registers when it starts. */
export interface StaticRegistration {
  readonly modelId: string
  readonly info: ModelInfo
  /** An alias that shall stand for it; undefined for none. */
  readonly aliasId: string | undefined
  /** Whether it stays when its alias has moved on. */
  readonly isRetained: boolean
  /** Whether the server is only ready when it has loaded, and does not start if it cannot. */
  readonly isLoadedAtStart: boolean
}

const MAX_REGISTRATIONS = 100_000
const MEMBERS = ['modelId', 'modelInfo', 'vModelId', 'retainAfterTransition', 'ensureLoaded']

/**
 * Reads `[{"modelId", "modelInfo": {"type", "path", "key"}, "vModelId", "retainAfterTransition", "ensureLoaded"}]`.
 * @throws ServingError INVALID_ARGUMENT beginning with `subject`
 */
export function readStaticRegistrations(text: string, subject: string): readonly StaticRegistration[] {
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch (cause) {
    throw new ServingError('INVALID_ARGUMENT', `${subject} is not JSON`, { cause })
  }
  if (!Array.isArray(list)) throw invalid(subject, 'must be a list of registrations')
  if (list.length > MAX_REGISTRATIONS)
    throw invalid(subject, `has ${list.length} entries, allowed are ${MAX_REGISTRATIONS}`)
  return list.map((value: unknown, index) => {
    const where = `${subject}[${index}]`
    const members = objectOf(value, where)
    const other = Object.keys(members).find(name => !MEMBERS.includes(name))
    if (other !== undefined) throw invalid(where, `'${other}' is unknown; allowed are ${MEMBERS.join(', ')}`)
    const info = objectOf(members['modelInfo'], `${where}.modelInfo`)
    const modelId = textOf(members, 'modelId', where)
    if (modelId === '') throw invalid(where, "'modelId' is missing")
    return {
      modelId,
      info: {
        type: textOf(info, 'type', where),
        path: textOf(info, 'path', where),
        key: textOf(info, 'key', where),
      },
      aliasId: textOf(members, 'vModelId', where) || undefined,
      isRetained: flagOf(members, 'retainAfterTransition', where),
      isLoadedAtStart: flagOf(members, 'ensureLoaded', where),
    }
  })
}

/**
 * Registers them all; what is registered already stays as it is.
 * @throws ServingError of the first that cannot be registered, beginning with its id
 */
export async function registerStatically(
  mesh: ModelMesh,
  registrations: readonly StaticRegistration[],
  signal: AbortSignal,
): Promise<void> {
  // Side by side, so that they share what is written.
  await Promise.all(
    registrations.map(async ({ modelId: id, info, aliasId, isRetained }) => {
      try {
        const none = { loadsNow: false, isSync: false, signal }
        if (aliasId === undefined) await mesh.registerModel({ ...none, id, info, lastUsedMs: 0 })
        else {
          const alias = { id: aliasId, targetId: id, isTargetAutoDeleted: !isRetained, isUpdateOnly: false }
          await mesh.setAlias({ ...none, ...alias, info, isForced: false, expectedTargetId: '', owner: '' })
        }
      } catch (error) {
        if (!ServingError.is(error)) throw error
        throw new ServingError(error.code, `model '${id}' cannot be registered: ${error.message}`, {
          cause: error,
        })
      }
    }),
  )
}

function objectOf(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw invalid(where, 'must be an object')
}

function textOf(members: Readonly<Record<string, unknown>>, name: string, where: string): string {
  const value = members[name] ?? ''
  if (typeof value === 'string') return value
  throw invalid(where, `'${name}' is ${JSON.stringify(value)}; it must be a text`)
}

function flagOf(members: Readonly<Record<string, unknown>>, name: string, where: string): boolean {
  const value = members[name] ?? false
  if (typeof value === 'boolean') return value
  throw invalid(where, `'${name}' is ${JSON.stringify(value)}; it must be true or false`)
}

function invalid(where: string, problem: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', `${where}: ${problem}`)
}
