import type { Alias, RegisteredModel } from './model-register.ts'

/** One step of a change; the steps of one change happen together. */
export type RegisterStep =
  | { readonly model: RegisteredModel }
  | { readonly alias: Alias }
  | { readonly noModel: string }
  | { readonly noAlias: string }

export type RegisterChange = readonly RegisterStep[]

/** What is registered, with the number of references to each model. */
export class RegisterState {
  readonly models = new Map<string, RegisteredModel>()
  readonly aliases = new Map<string, Alias>()
  readonly #references = new Map<string, number>()

  referencesTo(id: string): number {
    return this.#references.get(id) ?? 0
  }

  apply(change: RegisterChange): void {
    for (const step of change) {
      if ('model' in step) this.models.set(step.model.id, step.model)
      else if ('noModel' in step) this.models.delete(step.noModel)
      else {
        const id = 'alias' in step ? step.alias.id : step.noAlias
        const before = this.aliases.get(id)
        if (before !== undefined) this.#count(before, -1)
        if ('alias' in step) {
          this.aliases.set(id, step.alias)
          this.#count(step.alias, 1)
        } else this.aliases.delete(id)
      }
    }
  }

  /** The change that leads back here from where `change` would lead; to be asked for before that is applied. */
  inverseOf(change: RegisterChange): RegisterChange {
    return change
      .map((step): RegisterStep => {
        if ('model' in step || 'noModel' in step) {
          const id = 'model' in step ? step.model.id : step.noModel
          const model = this.models.get(id)
          return model === undefined ? { noModel: id } : { model }
        }
        const id = 'alias' in step ? step.alias.id : step.noAlias
        const alias = this.aliases.get(id)
        return alias === undefined ? { noAlias: id } : { alias }
      })
      .toReversed()
  }

  /** The change that leads here from nothing. */
  snapshot(): readonly RegisterStep[] {
    return [
      ...Array.from(this.models.values(), model => ({ model })),
      ...Array.from(this.aliases.values(), alias => ({ alias })),
    ]
  }

  #count(alias: Alias, by: number): void {
    for (const id of referred(alias)) {
      const count = this.referencesTo(id) + by
      if (count === 0) this.#references.delete(id)
      else this.#references.set(id, count)
    }
  }
}

/** The models that an alias refers to, each once. */
export function referred({ activeId, targetId }: Alias): readonly string[] {
  return activeId === targetId ? [activeId] : [activeId, targetId]
}
