import { ServingError } from '@millrace/sdk'
import type { AliasStatus, CachedModel, ModelMesh, ModelStatus } from '../../cache/index.ts'
import type { HttpRequest } from '../../transport/index.ts'

/** The members of a JSON body, each taken once; what nobody took is refused. */
export class JsonMembers {
  readonly #members: Map<string, unknown>
  readonly #taken: string[] = []

  private constructor(members: object) {
    this.#members = new Map(Object.entries(members))
  }

  /**
   * An empty body has no members.
   * @throws ServingError INVALID_ARGUMENT for what is no JSON object
   */
  static async of(http: HttpRequest): Promise<JsonMembers> {
    const body = await http.body()
    if (body.length === 0) return new JsonMembers({})
    let value: unknown
    try {
      value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
    } catch (cause) {
      throw new ServingError('INVALID_ARGUMENT', 'the body is not JSON', { cause })
    }
    if (isObject(value)) return new JsonMembers(value as object)
    throw new ServingError('INVALID_ARGUMENT', 'the body must be a JSON object')
  }

  text(name: string): string {
    return this.#take(name, '', 'a text', value => typeof value === 'string')
  }

  flag(name: string): boolean {
    return this.#take(name, false, 'true or false', value => typeof value === 'boolean')
  }

  count(name: string): number {
    return this.#take(
      name,
      0,
      'a whole number of at least 0',
      value => Number.isSafeInteger(value) && (value as number) >= 0,
    )
  }

  has(name: string): boolean {
    return this.#members.has(name)
  }

  members(name: string): JsonMembers {
    return new JsonMembers(this.#take<object>(name, {}, 'an object', isObject))
  }

  /** @throws ServingError INVALID_ARGUMENT for a member that is not known */
  end(): void {
    const [other] = this.#members.keys()
    if (other === undefined) return
    throw new ServingError('INVALID_ARGUMENT', `'${other}' is unknown; allowed are ${this.#taken.join(', ')}`)
  }

  #take<T>(name: string, missing: T, allowed: string, isSound: (value: unknown) => boolean): T {
    const value = this.#members.get(name)
    this.#members.delete(name)
    this.#taken.push(name)
    if (value === undefined) return missing
    if (isSound(value)) return value as T
    throw new ServingError(
      'INVALID_ARGUMENT',
      `'${name}' is ${JSON.stringify(value)?.slice(0, 80)}; it must be ${allowed}`,
    )
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function statusView({ status, errors, copies }: ModelStatus): object {
  return {
    status,
    errors,
    copies: copies.map(copy => ({
      location: copy.location,
      status: copy.status,
      time: new Date(copy.timeMs).toISOString(),
    })),
  }
}

export function aliasView(
  id: string,
  { status, activeId, targetId, owner, active, target }: AliasStatus,
): object {
  return {
    id,
    status,
    owner,
    active_model: activeId,
    target_model: targetId,
    ...(active === undefined ? {} : { active_model_status: statusView(active) }),
    ...(target === undefined ? {} : { target_model_status: statusView(target) }),
  }
}

/** A model as a list shows it: what it comes from, unless it comes from the repository, and what the cache knows of it. */
export function modelView(mesh: ModelMesh, cached: CachedModel): object {
  const registered = mesh.model(cached.id)
  const { id, state, bytes, lastUsedMs, isPinned, reason } = cached
  return {
    id,
    ...(registered === undefined ? {} : { ...registered.info, auto_delete: registered.isAutoDeleted }),
    is_registered: registered !== undefined,
    state,
    bytes,
    last_used: new Date(lastUsedMs === 0 ? (registered?.lastUsedMs ?? 0) : lastUsedMs).toISOString(),
    is_pinned: isPinned,
    reason,
  }
}
