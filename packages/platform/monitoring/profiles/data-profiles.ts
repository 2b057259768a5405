import { type Logger, ServingError } from '@millrace/sdk'
import type { ProfileSide, Store, StoreTables } from '../../store/index.ts'
import type { TrainingRange, TrainingRanges } from '../checks/training-ranges.ts'
import {
  createFieldProfile,
  type FieldProfile,
  type FieldState,
  type ProfileView,
  readFieldState,
  viewComponent,
} from './field-profile.ts'
import type { ObservedTensor } from './observe-tensor.ts'
import { createProductionProfiles, type ProfiledVersion } from './production-profiles.ts'
import { profileName } from './profiled-fields.ts'
import { createRecentMap } from './recent-map.ts'

/** What training data and production look like: the one is held against the other. */
export interface DataProfiles {
  /**
   * Adds what a version was asked and has answered to its production profiles. Returns at once; of tensors of one name the
   * last counts, and those that are tagged otherwise are left out. Their memory must stay: it is read later. What comes
   * faster than it can be taken is dropped and counted.
   */
  readonly observe: (version: ProfiledVersion, tensors: readonly ObservedTensor[]) => void
  /** Observations that were dropped. */
  readonly droppedCount: () => number
  /**
   * Of the numerical fields that training data was seen of. Element `i` of a tensor belongs to component `i` modulo the
   * number of components. Kept in memory, as it is asked for every prediction.
   */
  readonly trainingRangesOf: (versionId: number) => Promise<TrainingRanges>
  /**
   * Adds what was seen in training data to what was seen in earlier ones, in the caller's transaction; the caller calls
   * `trainingChanged` after it.
   */
  readonly mergeTraining: (
    tables: StoreTables,
    versionId: number,
    fields: ReadonlyMap<string, FieldProfile>,
  ) => Promise<void>
  readonly trainingChanged: (versionId: number) => void
  /** Names of the profiles that there are, in the order of fields and their components. */
  readonly names: (versionId: number) => Promise<readonly string[]>
  /**
   * The profile of that name, on both sides; the name of a field with one component will do.
   * Rejects NOT_FOUND for a version that is not there.
   */
  readonly view: (
    versionId: number,
    name: string,
  ) => Promise<Readonly<Record<ProfileSide, ProfileView | null>>>
  /** Writes what was observed. */
  readonly flush: () => Promise<void>
  /** Flushes; what is observed later is dropped. Idempotent. */
  readonly close: () => Promise<void>
}

export interface DataProfileOptions {
  /** Stays the caller's: it is closed later. */
  readonly store: Store
  readonly log: Logger
  /** What was observed is written this long after it, at the latest; a crash loses no more. Default 5000. */
  readonly flushAfterMs?: number | undefined
}

const FLUSH_AFTER_MS = 5000
/** Versions whose ranges are kept in memory. */
const RANGES_KEPT = 1000

export function createDataProfiles({
  store,
  log,
  flushAfterMs = FLUSH_AFTER_MS,
}: DataProfileOptions): DataProfiles {
  const ranges = createRecentMap<number, Promise<TrainingRanges>>(RANGES_KEPT)

  function trainingRangesOf(versionId: number): Promise<TrainingRanges> {
    const known = ranges.get(versionId)
    if (known !== undefined) return known
    const reading = readRanges(store, versionId)
    ranges.set(versionId, reading)
    reading.catch(() => ranges.delete(versionId))
    return reading
  }

  const production = createProductionProfiles({
    log,
    flushAfterMs,
    trainedCount: async (versionId, field) => (await trainingRangesOf(versionId)).get(field)?.length,
    write: (versionId, field, profile) => merge(store, versionId, 'production', new Map([[field, profile]])),
  })

  return {
    observe: production.observe,
    droppedCount: production.droppedCount,
    trainingRangesOf,
    mergeTraining: (tables, versionId, fields) => merge(tables, versionId, 'training', fields),
    trainingChanged: versionId => ranges.delete(versionId),
    async names(versionId) {
      await requireVersion(store, versionId)
      await production.flush()
      const counts = new Map<string, number>()
      for (const side of ['training', 'production'] as const) {
        for (const [field, text] of await store.profiles.read(versionId, side)) {
          const { length } = readFieldState(text).components
          counts.set(field, Math.max(length, counts.get(field) ?? 0))
        }
      }
      const fields = [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1))
      return fields.flatMap(([field, count]) =>
        Array.from({ length: count }, (_, index) => profileName(field, index)),
      )
    },
    async view(versionId, name) {
      await requireVersion(store, versionId)
      await production.flush()
      const sideOf = async (side: ProfileSide) => {
        const [, field = '', digits = ''] = /^(.*)_(0|[1-9]\d{0,5})$/s.exec(name) ?? []
        return (
          (await viewOf(store, versionId, side, field, Number(digits))) ??
          (await viewOf(store, versionId, side, name, undefined))
        )
      }
      return { training: await sideOf('training'), production: await sideOf('production') }
    },
    flush: production.flush,
    close: production.close,
  }
}

/** @param component `undefined`: the only one */
async function viewOf(
  store: Store,
  versionId: number,
  side: ProfileSide,
  field: string,
  component: number | undefined,
): Promise<ProfileView | null> {
  const text = await store.profiles.readField(versionId, side, field)
  if (text === undefined) return null
  const state = readFieldState(text)
  if (component === undefined && state.components.length !== 1) return null
  return viewComponent(state, field, component ?? 0, versionId)
}

async function merge(
  tables: StoreTables,
  versionId: number,
  side: ProfileSide,
  fields: ReadonlyMap<string, FieldProfile>,
): Promise<void> {
  await tables.profiles.merge(versionId, side, [...fields.keys()], before => {
    const after = new Map<string, string>()
    for (const [field, seen] of fields) {
      const text = before.get(field)
      const whole = createFieldProfile(seen.kind)
      if (text !== undefined) whole.merge(readFieldState(text))
      whole.merge(seen.state())
      after.set(field, JSON.stringify(whole.state()))
    }
    return after
  })
}

async function readRanges(store: Store, versionId: number): Promise<TrainingRanges> {
  const found = new Map<string, readonly (TrainingRange | undefined)[]>()
  for (const [field, text] of await store.profiles.read(versionId, 'training')) {
    const state: FieldState = readFieldState(text)
    if (state.kind !== 'numerical') continue
    found.set(
      field,
      state.components.map(one => {
        const { min, max } = one ?? {}
        return min === undefined || max === undefined ? undefined : { min, max }
      }),
    )
  }
  return found
}

async function requireVersion(store: Store, versionId: number): Promise<void> {
  if ((await store.modelVersions.get(versionId)) !== undefined) return
  throw new ServingError('NOT_FOUND', `Can't find modelversion id ${versionId}`)
}
