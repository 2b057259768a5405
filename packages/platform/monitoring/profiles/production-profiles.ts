import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Logger } from '@millrace/sdk'
import type { ModelSignature } from '../../store/index.ts'
import { createFieldProfile, type FieldProfile } from './field-profile.ts'
import { type ObservedTensor, observedBytes, observeTensor } from './observe-tensor.ts'
import { type ProfiledField, profiledFields } from './profiled-fields.ts'
import { createRecentMap } from './recent-map.ts'

/** A version as far as its profiles need it. */
export interface ProfiledVersion {
  readonly id: number
  readonly signature: ModelSignature
}

export interface ProductionOptions {
  readonly log: Logger
  readonly flushAfterMs: number
  /** How many components the training data of a field had; `undefined` for none. */
  readonly trainedCount: (versionId: number, field: string) => Promise<number | undefined>
  /** Adds to the profile that is kept. */
  readonly write: (versionId: number, field: string, profile: FieldProfile) => Promise<void>
}

/** Takes in what was observed, behind the requests, and hands it on from time to time. */
export interface ProductionProfiles {
  readonly observe: (version: ProfiledVersion, tensors: readonly ObservedTensor[]) => void
  readonly droppedCount: () => number
  readonly flush: () => Promise<void>
  readonly close: () => Promise<void>
}

interface Observation {
  readonly versionId: number
  readonly fields: readonly { readonly field: ProfiledField; readonly tensor: ObservedTensor }[]
  readonly sizeBytes: number
}

/** What waits to be taken in. */
const WAITING_MAX = 10_000
const WAITING_BYTES_MAX = 64 * 1024 * 1024
/** Values that are taken in before requests have their turn again. */
const VALUES_A_TURN = 4096
/** A tensor costs as much as so many values. */
const TENSOR_VALUES = 16
/** Versions whose signatures are kept in the form that is needed here. */
const LAYOUTS_KEPT = 1000
/** Fields whose values are gathered before they are written early. */
const GATHERED_MAX = 500

export function createProductionProfiles({
  log,
  flushAfterMs,
  trainedCount,
  write,
}: ProductionOptions): ProductionProfiles {
  const layouts = createRecentMap<number, ReadonlyMap<string, ProfiledField>>(LAYOUTS_KEPT)
  /** Observations, and between them whoever waits for those before. */
  const waiting: (Observation | (() => void))[] = []
  let waitingBytes = 0
  let dropped = 0
  let valuesLeft = VALUES_A_TURN
  let isClosed = false
  /** By version and field: what was seen since it was last written. */
  let gathered = new Map<number, Map<string, FieldProfile>>()
  let gatheredCount = 0
  let working: Promise<void> | undefined
  let writing: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined

  function layoutOf({ id, signature }: ProfiledVersion): ReadonlyMap<string, ProfiledField> {
    const known = layouts.get(id)
    if (known !== undefined) return known
    const layout = profiledFields(signature)
    layouts.set(id, layout)
    return layout
  }

  function drop(): void {
    dropped++
    // Said for the first, the second, the fourth…: a flood must not become one of log lines.
    if ((dropped & (dropped - 1)) === 0) {
      log.warn('observations come faster than they are profiled; some are left out', {
        droppedCount: dropped,
      })
    }
  }

  async function takeIn({ versionId, fields }: Observation): Promise<void> {
    for (const { field, tensor } of fields) {
      const { length } = tensor.data
      const trained = field.isOpen ? await trainedCount(versionId, field.name) : undefined
      const componentCount = trained ?? field.componentCount ?? length
      for (let from = 0; from < length; from += VALUES_A_TURN) {
        // Asked for each time: what is gathered may have been handed on meanwhile.
        const profile = gatheredFor(versionId, field)
        observeTensor(profile, tensor, componentCount, from, Math.min(length, from + VALUES_A_TURN))
        valuesLeft -= Math.min(VALUES_A_TURN, length - from) + TENSOR_VALUES
        if (valuesLeft > 0) continue
        await nextTurn()
        valuesLeft = VALUES_A_TURN
      }
    }
  }

  function gatheredFor(versionId: number, { name, kind }: ProfiledField): FieldProfile {
    let fields = gathered.get(versionId)
    if (fields === undefined) gathered.set(versionId, (fields = new Map<string, FieldProfile>()))
    let profile = fields.get(name)
    if (profile === undefined) {
      profile = createFieldProfile(kind)
      fields.set(name, profile)
      gatheredCount++
    }
    return profile
  }

  async function work(): Promise<void> {
    await nextTurn()
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (typeof next === 'function') {
        next()
        continue
      }
      try {
        await takeIn(next)
      } catch (error) {
        log.error('an observation could not be profiled', { error, versionId: next.versionId })
      }
      waitingBytes -= next.sizeBytes
      if (gatheredCount > GATHERED_MAX) await writeGathered()
    }
    working = undefined
  }

  /** One after the other, so that whoever asks to have all written waits for what is being written, too. */
  function writeGathered(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const taken = gathered
    gathered = new Map()
    gatheredCount = 0
    writing = writing.then(async () => {
      for (const [versionId, fields] of taken) {
        for (const [field, profile] of fields) {
          try {
            await write(versionId, field, profile)
          } catch (error) {
            log.warn('what was observed could not be added to a profile', { error, versionId, field })
          }
          await nextTurn()
        }
      }
    })
    return writing
  }

  async function flush(): Promise<void> {
    if (working !== undefined) await new Promise<void>(resolve => waiting.push(resolve))
    await writeGathered()
  }

  return {
    observe(version, tensors) {
      const layout = layoutOf(version)
      if (layout.size === 0) return
      const named = new Map<string, { field: ProfiledField; tensor: ObservedTensor }>()
      let sizeBytes = 0
      for (const tensor of tensors) {
        const field = layout.get(tensor.name)
        if (field !== undefined) named.set(tensor.name, { field, tensor })
      }
      if (named.size === 0) return
      for (const { tensor } of named.values()) sizeBytes += observedBytes(tensor)
      if (isClosed || waiting.length >= WAITING_MAX || waitingBytes + sizeBytes > WAITING_BYTES_MAX) {
        drop()
        return
      }
      waiting.push({ versionId: version.id, fields: [...named.values()], sizeBytes })
      waitingBytes += sizeBytes
      working ??= work()
      timer ??= setTimeout(() => void flush(), flushAfterMs).unref()
    },
    droppedCount: () => dropped,
    flush,
    async close() {
      isClosed = true
      await flush()
    },
  }
}
