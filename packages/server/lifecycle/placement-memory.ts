import { type ModelVersionSettings, stampModel } from '../repository/index.ts'
import { keyOf } from './model-entry.ts'

/** What models took to answer when they were tried, for as long as their server runs. */
export interface PlacementMemory {
  /**
   * Before a load. What is remembered is forgotten with that, unless it is kept after it: a load that fails or never ends is
   * not trusted a second time.
   */
  recall(settings: ModelVersionSettings): Promise<Recollection>
  forget(model: Pick<ModelVersionSettings, 'name' | 'version'>): void
}

export interface Recollection {
  /** Undefined for a model that has to be tried: it never was, has changed, came back a hundred times since, or is one of too many. */
  readonly answerMs: number | undefined
  /** After the load: remembers it for the model as it was before. Nothing for a model of which changes are not seen. */
  keep(answerMs: number): void
}

interface Trial {
  /** See {@link stampModel}. */
  readonly stamp: string
  readonly answerMs: number
  readonly recalls: number
}

/** Names and versions; of more, those are forgotten that came back longest ago. */
const MAX_REMEMBERED = 20_000
/** What was measured beside others may have been measured wrongly. */
const MAX_RECALLS = 100

const NOTHING: Recollection = { answerMs: undefined, keep() {} }

export function createPlacementMemory(maxRemembered = MAX_REMEMBERED): PlacementMemory {
  /** By {@link keyOf}; the latest comes last. */
  const trials = new Map<string, Trial>()
  return {
    async recall(settings) {
      const stamp = await stampModel(settings)
      const key = keyOf(settings.name, settings.version)
      const trial = trials.get(key)
      trials.delete(key)
      if (stamp === undefined) return NOTHING
      const isTrusted = trial?.stamp === stamp && trial.recalls < MAX_RECALLS
      return {
        answerMs: isTrusted ? trial.answerMs : undefined,
        keep(answerMs) {
          trials.delete(key)
          if (trials.size >= maxRemembered) trials.delete(trials.keys().next().value!)
          trials.set(key, { stamp, answerMs, recalls: isTrusted ? trial.recalls + 1 : 0 })
        },
      }
    },
    forget({ name, version }) {
      trials.delete(keyOf(name, version))
    },
  }
}
