import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createCacheBed } from './cache-bed.ts'
import { settled } from './fake-cache-clock-fixture.ts'

const IDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] as const
const BUDGET = 30

interface PlainModel {
  readonly id: string
  readonly bytes: number
  readonly priority: number
  isPinned: boolean
  isLoaded: boolean
  /** Uses are numbered. */
  lastUse: number
}

/** The policy, as one would write it down: whoever is needed comes in, and the least worth goes until all fits. */
class PlainCache {
  readonly models: readonly PlainModel[]
  #use = 0

  constructor(models: readonly PlainModel[]) {
    this.models = models
  }

  use(id: string): void {
    const model = this.#model(id)
    if (model.isLoaded) model.lastUse = ++this.#use
  }

  need(id: string): void {
    const model = this.#model(id)
    if (model.isLoaded || model.bytes > BUDGET) {
      this.use(id)
      return
    }
    const pinned = this.models.filter(other => other.isLoaded && other.isPinned)
    if (sum(pinned) + model.bytes > BUDGET) return
    while (sum(this.models.filter(other => other.isLoaded)) + model.bytes > BUDGET)
      this.#leastWorth().isLoaded = false
    model.isLoaded = true
    model.lastUse = ++this.#use
  }

  pin(id: string, isPinned: boolean): void {
    this.#model(id).isPinned = isPinned
  }

  remove(id: string): void {
    this.#model(id).isLoaded = false
  }

  #leastWorth(): PlainModel {
    return this.models
      .filter(model => model.isLoaded && !model.isPinned)
      .toSorted((a, b) => a.priority - b.priority || a.lastUse - b.lastUse)[0]!
  }

  #model(id: string): PlainModel {
    return this.models.find(model => model.id === id)!
  }
}

function sum(models: readonly PlainModel[]): number {
  return models.reduce((bytes, model) => bytes + model.bytes, 0)
}

const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('need' as const), id: fc.constantFrom(...IDS) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('use' as const), id: fc.constantFrom(...IDS) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('pin' as const, 'unpin' as const, 'remove' as const),
      id: fc.constantFrom(...IDS),
    }),
  },
)
const sizes = fc.array(
  fc.record({ bytes: fc.integer({ min: 1, max: 20 }), priority: fc.integer({ min: 0, max: 2 }) }),
  {
    minLength: IDS.length,
    maxLength: IDS.length,
  },
)

test('models go in the order of the policy, whatever is used, pinned and removed', async () => {
  await fc.assert(
    fc.asyncProperty(sizes, fc.array(action, { maxLength: 40 }), async (models, actions) => {
      const plain = new PlainCache(
        models.map((model, index) => ({
          ...model,
          id: IDS[index]!,
          isPinned: false,
          isLoaded: false,
          lastUse: 0,
        })),
      )
      const bed = createCacheBed(Object.fromEntries(models.map((model, index) => [IDS[index]!, model])), {
        budgetBytes: BUDGET,
      })
      for (const { kind, id } of actions) {
        if (kind === 'need') {
          plain.need(id)
          await bed.cache.ensureLoaded(id).catch(() => undefined)
        } else if (kind === 'use') {
          plain.use(id)
          bed.cache.touch(id)
        } else if (kind === 'remove') {
          plain.remove(id)
          await bed.cache.remove(id)
        } else {
          plain.pin(id, kind === 'pin')
          bed.cache.setPinned(id, kind === 'pin')
        }
        await settled()
        const wanted = plain.models.filter(model => model.isLoaded).map(model => model.id)
        assert.deepEqual(bed.loaded(), wanted.toSorted())
        assert.ok(bed.cache.figures.usedBytes <= BUDGET)
      }
      await bed.cache.close()
    }),
    { numRuns: 40 },
  )
})
