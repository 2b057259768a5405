import { type Logger, ServingError } from '@millrace/sdk'
import { type Journal, openJournal } from './journal/journal.ts'
import type {
  Alias,
  AliasDemand,
  ModelInfo,
  ModelRegister,
  RegisterEvents,
  RegisteredModel,
} from './model-register.ts'
import { type RegisterChange, RegisterState, type RegisterStep, referred } from './register-change.ts'

export interface ModelRegisterOptions {
  /** Where it is kept; `undefined`: in memory, until the server stops. */
  readonly folder: string | undefined
  /** What names the folder, for errors. */
  readonly setting: string
  readonly events: RegisterEvents
  /** What may be registered, models and aliases each. Default: 100,000. */
  readonly maxEntries?: number
  /** Characters of all registered models. Default: 256 Mi. */
  readonly maxCharacters?: number
  readonly log: Logger
}

const MAX_ENTRIES = 100_000
const MAX_CHARACTERS = 256 * 1024 * 1024

/**
 * Opens the register of a folder, or one in memory. What it holds already is not told as an event.
 * @throws ServingError FAILED_PRECONDITION when another process has the folder, or it is damaged
 */
export async function createModelRegister(options: ModelRegisterOptions): Promise<ModelRegister> {
  const { folder, setting, log } = options
  const state = new RegisterState()
  if (folder === undefined) {
    log.info(`registered models are kept in memory: without ${setting} they are gone when the server stops`)
    return new Register(options, state, null)
  }
  const journal = await openJournal<RegisterStep>({ folder, setting, log, snapshot: () => state.snapshot() })
  state.apply(journal.takeRecords())
  log.info('the register of models is open', {
    folder,
    models: state.models.size,
    aliases: state.aliases.size,
  })
  return new Register(options, state, journal)
}

class Register implements ModelRegister {
  readonly #state: RegisterState
  readonly #journal: Journal<RegisterStep> | null
  readonly #events: RegisterEvents
  readonly #maxEntries: number
  readonly #maxCharacters: number
  #characters = 0

  constructor(options: ModelRegisterOptions, state: RegisterState, journal: Journal<RegisterStep> | null) {
    this.#state = state
    this.#journal = journal
    this.#events = options.events
    this.#maxEntries = options.maxEntries ?? MAX_ENTRIES
    this.#maxCharacters = options.maxCharacters ?? MAX_CHARACTERS
    for (const model of state.models.values()) this.#characters += sizeOf(model)
  }

  model(id: string): RegisteredModel | undefined {
    return this.#state.models.get(id)
  }

  alias(id: string): Alias | undefined {
    return this.#state.aliases.get(id)
  }

  models(): Iterable<RegisteredModel> {
    return this.#state.models.values()
  }

  aliases(): Iterable<Alias> {
    return this.#state.aliases.values()
  }

  referencesTo(id: string): number {
    return this.#state.referencesTo(id)
  }

  async register(model: RegisteredModel): Promise<void> {
    const before = this.model(model.id)
    if (before === undefined) return this.#change([this.#newModel(model)])
    const other = differenceOf(before.info, model.info)
    if (other !== undefined) {
      throw new ServingError(
        'ALREADY_EXISTS',
        `Model already exists with different ${other}: '${model.id}' has ${other} ${JSON.stringify(before.info[other])}, not ${JSON.stringify(model.info[other])}`,
      )
    }
    // What is being written of it may not be on the disk yet.
    return this.#change([])
  }

  async unregister(id: string): Promise<void> {
    if (this.model(id) === undefined) return this.#change([])
    const references = this.referencesTo(id)
    if (references > 0) {
      const names = [...this.aliases()].filter(alias => referred(alias).includes(id)).slice(0, 3)
      throw new ServingError(
        'FAILED_PRECONDITION',
        `Model '${id}' is referenced by ${references} vmodel(s) and cannot be removed: ${names.map(alias => alias.id).join(', ')}${references > names.length ? ', …' : ''}`,
      )
    }
    return this.#change([{ noModel: id }])
  }

  async setAlias(demand: AliasDemand): Promise<void> {
    const { id, targetId, owner, target } = demand
    const before = this.alias(id)
    this.#checkDemand(demand, before)
    const steps: RegisterStep[] = []
    const known = this.model(targetId)
    if (known !== undefined && target !== undefined) {
      const other = differenceOf(known.info, target.info)
      if (other !== undefined) {
        throw new ServingError(
          'ALREADY_EXISTS',
          `Target model '${targetId}' already exists with different ${other}: ${JSON.stringify(known.info[other])}, not ${JSON.stringify(target.info[other])}`,
        )
      }
    }
    if (known === undefined && target !== undefined) steps.push(this.#newModel({ id: targetId, ...target }))
    if (known === undefined && target === undefined && !demand.isTargetKnown) {
      throw new ServingError(
        'NOT_FOUND',
        `Target model '${targetId}' not found; register it, or send its modelInfo`,
      )
    }
    if (before === undefined) {
      if (this.#state.aliases.size >= this.#maxEntries) throw full('vmodels', this.#maxEntries)
      steps.push({ alias: { id, owner, activeId: targetId, targetId, hasFailed: false } })
      return this.#change(steps)
    }
    const isMoving = before.activeId !== targetId && demand.movesAtOnce(before.activeId)
    const alias = { ...before, targetId, hasFailed: false, ...(isMoving ? { activeId: targetId } : {}) }
    return this.#change([...steps, ...this.#replace(before, alias)])
  }

  async moveAlias(id: string, targetId: string): Promise<void> {
    const before = this.alias(id)
    if (before?.targetId !== targetId || before.activeId === targetId) return
    return this.#change(this.#replace(before, { ...before, activeId: targetId, hasFailed: false }))
  }

  async markAlias(id: string, targetId: string, hasFailed: boolean): Promise<void> {
    const before = this.alias(id)
    if (before?.targetId !== targetId || before.activeId === targetId || before.hasFailed === hasFailed)
      return
    return this.#change([{ alias: { ...before, hasFailed } }])
  }

  async deleteAlias(id: string, owner: string): Promise<void> {
    const before = this.alias(id)
    if (before === undefined || (owner !== '' && owner !== before.owner)) return
    return this.#change(this.#replace(before, undefined))
  }

  async close(): Promise<void> {
    await this.#journal?.close()
  }

  #checkDemand(
    { id, targetId, owner, isUpdateOnly, expectedTargetId }: AliasDemand,
    before: Alias | undefined,
  ): void {
    if (before === undefined) {
      if (isUpdateOnly)
        throw new ServingError('NOT_FOUND', `vmodel '${id}' not found, and it is only to be updated`)
      if (expectedTargetId === '' || expectedTargetId === targetId) return
      throw new ServingError(
        'FAILED_PRECONDITION',
        `vmodel '${id}' not found, so that its target cannot be the expected '${expectedTargetId}'`,
      )
    }
    if (owner !== '' && owner !== before.owner) {
      throw new ServingError(
        'ALREADY_EXISTS',
        `vmodel '${id}' already exists with different owner "${before.owner}"`,
      )
    }
    // Who asks for what is there already has nothing to lose.
    if (expectedTargetId === '' || before.targetId === targetId || before.targetId === expectedTargetId)
      return
    throw new ServingError(
      'FAILED_PRECONDITION',
      `the target of vmodel '${id}' is '${before.targetId}', not the expected '${expectedTargetId}'`,
    )
  }

  #newModel(model: RegisteredModel): RegisterStep {
    if (this.#state.models.size >= this.#maxEntries) throw full('models', this.#maxEntries)
    if (this.#characters + sizeOf(model) > this.#maxCharacters) {
      throw full('characters in types, paths and keys', this.#maxCharacters)
    }
    return { model }
  }

  /** Another alias in the place of one, and the end of auto-deleted models that nothing refers to any more. */
  #replace(before: Alias, after: Alias | undefined): readonly RegisterStep[] {
    const kept = after === undefined ? [] : referred(after)
    const removed = referred(before).filter(
      id => !kept.includes(id) && this.referencesTo(id) === 1 && this.model(id)?.isAutoDeleted === true,
    )
    return [
      after === undefined ? { noAlias: before.id } : { alias: after },
      ...removed.map(id => ({ noModel: id })),
    ]
  }

  #change(change: RegisterChange): Promise<void> {
    if (this.#journal === null) {
      this.#make(change)
      return Promise.resolve()
    }
    const inverse = this.#state.inverseOf(change)
    this.#make(change)
    return this.#journal.append(change, () => this.#make(inverse))
  }

  #make(change: RegisterChange): void {
    const removed = change.flatMap(step => ('noModel' in step ? (this.model(step.noModel) ?? []) : []))
    const added = change.flatMap(step => ('model' in step ? step.model : []))
    this.#state.apply(change)
    for (const model of added) {
      this.#characters += sizeOf(model)
      this.#events.onModelAdded(model)
    }
    for (const model of removed) {
      this.#characters -= sizeOf(model)
      this.#events.onModelRemoved(model)
    }
  }
}

function sizeOf({ id, info }: RegisteredModel): number {
  return id.length + info.type.length + info.path.length + info.key.length
}

function differenceOf(one: ModelInfo, other: ModelInfo): keyof ModelInfo | undefined {
  return (['type', 'path', 'key'] as const).find(member => one[member] !== other[member])
}

function full(what: string, most: number): ServingError {
  return new ServingError('RESOURCE_EXHAUSTED', `the register is full: it holds at most ${most} ${what}`)
}
