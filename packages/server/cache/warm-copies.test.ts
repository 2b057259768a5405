import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type CacheBed, createCacheBed } from './cache-bed.ts'
import { FakeCopies } from './copies-fixture.ts'
import { settled } from './fake-cache-clock-fixture.ts'

const LOOK_MS = 10_000
const MINUTE_MS = 60_000
/** Of each copy, in a minute. */
const RATE = 600

interface CopiesBed extends CacheBed {
  /** Lets time pass in which each of these models is asked so many times a minute. */
  readonly pass: (looks: number, rates?: Readonly<Record<string, number>>) => Promise<void>
  readonly of: (id: string) => FakeCopies
  /** What has happened to copies. */
  readonly copyLog: () => readonly string[]
}

/** Models of 10 bytes each, that may have three copies; the budget has room for so many. */
function createBed(
  ids: string,
  room: number,
  traits: Readonly<Record<string, object>> = {},
  options: Parameters<typeof createCacheBed>[1] = {},
): CopiesBed {
  const copies = new Map(Array.from(ids, id => [id, new FakeCopies(3)]))
  const models = Object.fromEntries(Array.from(copies, ([id, each]) => [id, { copies: each, ...traits[id] }]))
  const bed = createCacheBed(models, { budgetBytes: room * 10, copyRate: RATE, ...options })
  return {
    ...bed,
    of: id => copies.get(id)!,
    copyLog: () => bed.log.filter(line => /^(copy|drop|fail|lose|evict)/.test(line)),
    async pass(looks, rates = {}) {
      for (let look = 0; look < looks; look++) {
        for (const [id, rate] of Object.entries(rates)) {
          copies.get(id)!.requestCount += (rate * LOOK_MS) / MINUTE_MS
          bed.cache.touch(id)
        }
        await bed.clock.advance(LOOK_MS)
      }
    },
  }
}

/** `a` with three copies. */
async function withCopies(...given: Parameters<typeof createBed>) {
  const bed = createBed(...given)
  await bed.cache.ensureLoaded('a')
  await bed.pass(4, { a: 3 * RATE })
  assert.equal(bed.of('a').count, 3)
  bed.log.length = 0
  return bed
}

describe('more copies', () => {
  test('check 77: while each is asked more than often, one at a time, up to one on every worker', async () => {
    const bed = createBed('ab', 10)
    await bed.cache.ensureLoaded('a')
    await bed.cache.ensureLoaded('b')
    await bed.pass(2, { a: RATE, b: RATE - 60 })
    assert.deepEqual(bed.copyLog(), ['copy a 2'])
    assert.equal(bed.cache.figures.copies, 3)
    assert.equal(bed.cache.figures.loadedModels, 2)
    assert.equal(bed.cache.figures.usedBytes, 30)
    assert.equal(bed.cache.modelOf('a').bytes, 20)
    await bed.pass(3, { a: RATE })
    assert.equal(bed.of('a').count, 2)
    await bed.pass(6, { a: 10 * RATE })
    assert.equal(bed.of('a').count, 3)
    assert.deepEqual(bed.copyLog(), ['copy a 2', 'copy a 3'])
  })

  test('check 77: for requests that take long and pile up', async () => {
    const bed = createBed('a', 10)
    await bed.cache.ensureLoaded('a')
    bed.of('a').inFlightCount = 2
    await bed.pass(2)
    assert.deepEqual(bed.copyLog(), ['copy a 2'])
    await bed.pass(3)
    assert.equal(bed.of('a').count, 2)
  })

  test('check 78: none for a single burst', async () => {
    const bed = createBed('a', 10)
    await bed.cache.ensureLoaded('a')
    await bed.pass(1, { a: 100 * RATE })
    await bed.pass(400)
    assert.deepEqual(bed.copyLog(), [])
  })

  test('check 78: a second one if it is used now and some time ago, and most of the memory is free', async () => {
    for (const [minutes, room, expected] of [
      [6, 10, []],
      [8, 10, ['copy a 2']],
      [8, 2, []],
      [39, 10, ['copy a 2']],
      [41, 10, []],
    ] as const) {
      const bed = createBed('a', room)
      await bed.cache.ensureLoaded('a')
      await bed.pass(1, { a: 6 })
      await bed.pass(minutes * 6 - 1)
      await bed.pass(3, { a: 6 })
      assert.deepEqual(bed.copyLog(), expected, `${minutes} minutes, room for ${room}`)
    }
  })

  test('only where there is room: what was used lately stays, what nobody has used for long goes', async () => {
    const bed = createBed('abc', 3)
    for (const id of ['c', 'b', 'a']) await bed.cache.ensureLoaded(id)
    await bed.pass(10, { a: RATE })
    assert.deepEqual(bed.copyLog(), [])
    await bed.pass(6 * 60, { b: 1 })
    await bed.pass(3, { a: RATE })
    assert.deepEqual(bed.copyLog(), ['evict c pressure', 'copy a 2'])
    assert.deepEqual(bed.loaded(), ['a', 'b'])
    // Another would need more than nobody has used.
    const wide = createBed('abc', 4, { a: { bytes: 20 } })
    for (const id of ['c', 'b', 'a']) await wide.cache.ensureLoaded(id)
    await wide.pass(6 * 60, { b: 1 })
    await wide.pass(3, { a: RATE })
    assert.deepEqual(wide.copyLog(), [])
  })

  test('none while models wait for room', async () => {
    const bed = createBed('ab', 2, { b: { bytes: 20 } })
    await bed.cache.ensureLoaded('a')
    bed.hold('unload')
    await bed.pass(1, { a: RATE })
    const waiting = bed.cache.ensureLoaded('b')
    await bed.pass(2, { a: RATE })
    assert.deepEqual(bed.copyLog(), ['evict a pressure'])
    bed.held[0]!.end()
    await waiting
  })

  test('one that fails is tried again after a while, and its room is free', async () => {
    const bed = createBed('a', 10)
    await bed.cache.ensureLoaded('a')
    const failing = Promise.withResolvers<void>()
    failing.promise.catch(() => undefined)
    bed.of('a').adding = failing.promise
    await bed.pass(2, { a: RATE })
    assert.equal(bed.cache.figures.usedBytes, 20)
    failing.reject(new Error('no weights'))
    await settled()
    assert.equal(bed.cache.figures.usedBytes, 10)
    assert.equal(bed.cache.modelOf('a').bytes, 10)
    bed.of('a').adding = Promise.resolve()
    await bed.pass(25, { a: RATE })
    assert.deepEqual(bed.copyLog(), ['fail a'])
    await bed.pass(5, { a: RATE })
    assert.deepEqual(bed.copyLog(), ['fail a', 'copy a 2'])
  })

  test('a model that goes while a copy of it is loaded takes that along', async () => {
    const bed = createBed('a', 10)
    await bed.cache.ensureLoaded('a')
    bed.of('a').adding = new Promise(() => undefined)
    await bed.pass(2, { a: RATE })
    assert.equal(bed.cache.figures.usedBytes, 20)
    await bed.cache.remove('a')
    assert.equal(bed.cache.figures.usedBytes, 0)
    assert.equal(bed.cache.figures.copies, 0)
    assert.deepEqual(bed.copyLog(), ['evict a asked'])
    await bed.pass(1)
    assert.equal(bed.clock.timerCount, 0)
  })

  test('a model loaded anew begins with one', async () => {
    const bed = createBed('a', 10)
    await bed.cache.ensureLoaded('a')
    await bed.pass(2, { a: RATE })
    bed.models.set('a', { copies: new FakeCopies(3), bytes: 15 })
    await bed.cache.reload('a')
    assert.equal(bed.cache.figures.copies, 1)
    assert.equal(bed.cache.figures.usedBytes, 15)
  })
})

describe('fewer copies', () => {
  test('check 77: they stay while nobody needs their memory, and go before any model', async () => {
    const bed = await withCopies('abcd', 4)
    await bed.pass(500)
    assert.equal(bed.of('a').count, 3)
    await bed.cache.ensureLoaded('b')
    assert.deepEqual(bed.copyLog(), [])
    await bed.cache.ensureLoaded('c')
    assert.deepEqual(bed.copyLog(), ['drop a pressure 2'])
    await bed.cache.ensureLoaded('d')
    assert.deepEqual(bed.copyLog(), ['drop a pressure 2', 'drop a pressure 1'])
    assert.deepEqual(bed.loaded(), ['a', 'b', 'c', 'd'])
    assert.equal(bed.cache.figures.usedBytes, 40)
    assert.equal(bed.cache.figures.copies, 4)
  })

  test('check 77: those that are needed stay, and a model goes', async () => {
    const bed = await withCopies('abc', 4)
    await bed.cache.ensureLoaded('b')
    await bed.pass(1, { a: 3 * RATE })
    await bed.cache.ensureLoaded('c')
    assert.deepEqual(bed.copyLog(), ['evict b pressure'])
    assert.equal(bed.of('a').count, 3)
  })

  test('a needed one of a pinned model goes where nothing else can, if that is enough', async () => {
    const bed = await withCopies('abw', 4, { a: { isPinned: true }, w: { bytes: 40 } })
    await bed.pass(1, { a: 3 * RATE })
    await assert.rejects(bed.cache.ensureLoaded('w'), /pinned/)
    assert.equal(bed.of('a').count, 3)
    bed.models.set('b', { bytes: 20 })
    await bed.cache.ensureLoaded('b')
    assert.deepEqual(bed.copyLog(), ['drop a pressure 2'])
  })

  test('a lower budget takes them first', async () => {
    const bed = await withCopies('ab', 10)
    await bed.cache.ensureLoaded('b')
    await bed.pass(2)
    bed.cache.setBudget(20)
    await settled()
    assert.deepEqual(bed.copyLog(), ['drop a pressure 2', 'drop a pressure 1'])
    assert.deepEqual(bed.loaded(), ['a', 'b'])
  })

  test('after the idle time of the model without need', async () => {
    const bed = await withCopies('a', 10, { a: { idleMs: 5 * MINUTE_MS } })
    await bed.pass(27, { a: RATE })
    assert.deepEqual(bed.copyLog(), [])
    await bed.pass(4, { a: RATE })
    assert.deepEqual(bed.copyLog(), ['drop a idle 2'])
  })

  test('a load waits until the memory of a copy is really free', async () => {
    const bed = await withCopies('ab', 3)
    await bed.pass(1)
    const { promise, resolve } = Promise.withResolvers<void>()
    bed.of('a').dropping = promise
    const loading = bed.cache.ensureLoaded('b')
    await settled()
    assert.deepEqual(bed.log, ['drop a pressure 2'])
    assert.equal(bed.cache.figures.unloadingBytes, 10)
    resolve()
    await loading
    assert.equal(bed.cache.figures.unloadingBytes, 0)
    assert.deepEqual(bed.loaded(), ['a', 'b'])
  })

  test('one that is not unloaded for good makes the budget smaller', async () => {
    const bed = await withCopies('ab', 3)
    await bed.pass(1)
    bed.of('a').dropping = Promise.reject(new Error('it clings'))
    await bed.cache.ensureLoaded('b')
    assert.equal(bed.cache.figures.lostBytes, 10)
    assert.equal(bed.cache.figures.unloadFailures, 1)
    assert.ok(bed.log.includes('lose a 10'))
  })
})

test('without a rate nobody looks', async () => {
  const bed = createBed('a', 10, {}, { copyRate: undefined })
  await bed.cache.ensureLoaded('a')
  assert.equal(bed.clock.timerCount, 0)
})

test('models that can have one copy alone need nobody to look', async () => {
  const bed = createCacheBed({ a: { copies: new FakeCopies(1) } }, { copyRate: RATE })
  await bed.cache.ensureLoaded('a')
  assert.equal(bed.clock.timerCount, 0)
})

test('whatever comes: what models and their copies take is counted, and within the budget', async () => {
  const id = fc.constantFrom('a', 'b', 'c', 'd')
  const step = fc.oneof(
    fc.record({ kind: fc.constant('need' as const), id }),
    fc.record({ kind: fc.constant('remove' as const), id }),
    fc.record({ kind: fc.constant('fail' as const), id }),
    fc.record({ kind: fc.constant('ask' as const), id, looks: fc.integer({ min: 1, max: 6 }) }),
    fc.record({ kind: fc.constant('rest' as const), looks: fc.integer({ min: 1, max: 400 }) }),
  )
  const room = fc.integer({ min: 1, max: 8 })
  await fc.assert(
    fc.asyncProperty(room, fc.array(step, { maxLength: 25 }), async (budget, steps) => {
      const bed = createBed('abcd', budget)
      bed.cache.onChange(({ id: changed, state }) => {
        if (state === 'NOT_LOADED') bed.of(changed).count = 1
      })
      for (const each of steps) {
        if (each.kind === 'need') await bed.cache.ensureLoaded(each.id)
        else if (each.kind === 'remove') await bed.cache.remove(each.id)
        else if (each.kind === 'rest') await bed.pass(each.looks)
        else if (each.kind === 'ask') await bed.pass(each.looks, { [each.id]: 5 * RATE })
        else {
          bed.of(each.id).adding = Promise.reject(new Error('no weights'))
          bed.of(each.id).adding.catch(() => undefined)
        }
        await settled()
        const loaded = bed.loaded()
        const copies = loaded.reduce((total, one) => total + bed.of(one).count, 0)
        const { figures } = bed.cache
        assert.equal(figures.usedBytes, copies * 10)
        assert.equal(figures.copies, copies)
        assert.ok(figures.usedBytes <= figures.budgetBytes)
        for (const one of loaded) assert.equal(bed.cache.modelOf(one).bytes, bed.of(one).count * 10)
      }
    }),
    { numRuns: 50 },
  )
})
