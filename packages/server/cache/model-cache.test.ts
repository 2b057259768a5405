import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ServingError } from '@millrace/sdk'
import { createCacheBed } from './cache-bed.ts'
import { settled } from './fake-cache-clock-fixture.ts'

const TEN = { bytes: 10 }

describe('who goes', () => {
  test('check 65: the model that was not used for longest', async () => {
    const { cache, loaded, log } = createCacheBed({ a: TEN, b: TEN, c: TEN, d: TEN })
    for (const id of ['a', 'b', 'c']) await cache.ensureLoaded(id)
    cache.touch('a')
    await cache.ensureLoaded('d')
    assert.deepEqual(loaded(), ['a', 'c', 'd'])
    assert.deepEqual(log.slice(3), ['evict b pressure', 'unload b', 'load d'])
  })

  test('check 66: what was loaded ahead displaces nothing that was used within the hour', async () => {
    const { cache, loaded, clock } = createCacheBed({ a: TEN, b: TEN, c: TEN, ahead: TEN })
    for (const id of ['a', 'b', 'c']) await cache.ensureLoaded(id)
    await clock.advance(3_500_000)
    await assert.rejects(cache.ensureLoaded('ahead', { priority: 'preload' }), {
      code: 'RESOURCE_EXHAUSTED',
      message: /^Model ahead needs 10 bytes, and whatever is loaded in .* has been used since/,
    })
    await clock.advance(200_000)
    await cache.ensureLoaded('ahead', { priority: 'preload' })
    assert.deepEqual(loaded(), ['ahead', 'b', 'c'])
    // And is the first to go for somebody who asks.
    for (const id of ['b', 'c']) cache.touch(id)
    await cache.ensureLoaded('a')
    assert.deepEqual(loaded(), ['a', 'b', 'c'])
  })

  test('nothing that is pinned, and a lower priority first', async () => {
    const { cache, loaded, models } = createCacheBed({
      pinned: { isPinned: true },
      high: { priority: 2 },
      low: { priority: 1 },
      next: {},
    })
    for (const id of ['pinned', 'low', 'high']) await cache.ensureLoaded(id)
    cache.touch('low')
    await cache.ensureLoaded('next')
    assert.deepEqual(loaded(), ['high', 'next', 'pinned'])
    cache.setPinned('pinned', false)
    cache.setPinned('next', true)
    cache.setPinned('high', true)
    models.set('other', {})
    await cache.ensureLoaded('other')
    assert.deepEqual(loaded(), ['high', 'next', 'other'])
    cache.setPinned('other', true)
    await assert.rejects(cache.ensureLoaded('low'), {
      code: 'RESOURCE_EXHAUSTED',
      message: /^Model low needs 10 bytes, and all that is loaded in .* is pinned$/,
      retryAfterMs: 1000,
    })
  })

  test('check 73: nobody who was used only just, where the settings say so', async () => {
    const { cache, clock, loaded } = createCacheBed({ a: TEN, b: TEN, c: TEN, d: TEN }, { leastAgeMs: 5000 })
    for (const id of ['a', 'b', 'c']) await cache.ensureLoaded(id)
    await clock.advance(2000)
    await assert.rejects(cache.ensureLoaded('d'), {
      code: 'RESOURCE_EXHAUSTED',
      message: /^Cache churn threshold exceeded: .* used 2 s ago, and none goes before 5 s/,
      retryAfterMs: 3000,
    })
    await clock.advance(3000)
    await cache.ensureLoaded('d')
    assert.deepEqual(loaded(), ['b', 'c', 'd'])
  })

  test('whoever is idle, unless requests are inside or it is pinned', async () => {
    const { cache, clock, loaded, evicted, busy } = createCacheBed(
      { quick: { idleMs: 1000 }, usual: {}, pinned: { isPinned: true } },
      { idleMs: 5000 },
    )
    for (const id of ['quick', 'usual', 'pinned']) await cache.ensureLoaded(id)
    await clock.advance(900)
    cache.touch('quick')
    await clock.advance(900)
    assert.deepEqual(loaded(), ['pinned', 'quick', 'usual'])
    busy.add('quick')
    await clock.advance(900)
    assert.deepEqual(loaded(), ['pinned', 'quick', 'usual'])
    busy.clear()
    await clock.advance(1000)
    assert.deepEqual(loaded(), ['pinned', 'usual'])
    await clock.advance(100_000)
    assert.deepEqual(loaded(), ['pinned'])
    assert.deepEqual(
      evicted.map(({ id, reason }) => `${id} ${reason}`),
      ['quick idle', 'usual idle'],
    )
    assert.equal(evicted[1]!.ageMs, 5000)
  })
})

describe('sizes', () => {
  test('check 67: a model that is larger than was thought displaces others; one that does not fit fails', async () => {
    const { cache, loaded, models } = createCacheBed({
      a: TEN,
      b: TEN,
      swollen: { predicted: 10, bytes: 20 },
      huge: { predicted: 10, bytes: 31 },
      giant: { predicted: 31 },
    })
    for (const id of ['a', 'b']) await cache.ensureLoaded(id)
    await cache.ensureLoaded('swollen')
    assert.deepEqual(loaded(), ['b', 'swollen'])
    await settled()
    assert.equal(cache.figures.usedBytes, 30)
    await assert.rejects(cache.ensureLoaded('huge'), {
      code: 'UNAVAILABLE',
      message: /tried again in 1 s: Model huge takes 31 bytes, and .* \(model_memory_budget\) has 30$/,
    })
    await settled()
    assert.equal(cache.modelOf('huge').state, 'FAILED')
    await assert.rejects(cache.ensureLoaded('giant'), {
      code: 'RESOURCE_EXHAUSTED',
      message: /^Model giant will probably take 31 bytes, and .* has 30$/,
    })
    models.set('giant', TEN)
    await cache.ensureLoaded('giant')
  })

  test('what was loaded ahead goes itself when it is larger than was thought', async () => {
    const { cache, loaded } = createCacheBed({ a: TEN, b: TEN, ahead: { predicted: 10, bytes: 20 } })
    for (const id of ['a', 'b']) await cache.ensureLoaded(id)
    await assert.rejects(cache.ensureLoaded('ahead', { priority: 'preload' }), { code: 'RESOURCE_EXHAUSTED' })
    await settled()
    assert.deepEqual(loaded(), ['a', 'b'])
    assert.equal(cache.figures.usedBytes, 20)
  })

  test('a lower budget evicts until what is loaded fits', async () => {
    const { cache, loaded, evicted } = createCacheBed({ a: TEN, b: TEN, c: TEN })
    for (const id of ['a', 'b', 'c']) await cache.ensureLoaded(id)
    cache.setBudget(15)
    await settled()
    assert.deepEqual(loaded(), ['c'])
    assert.deepEqual(
      evicted.map(({ reason }) => reason),
      ['budget', 'budget'],
    )
    for (const bytes of [0, 1.5, Number.NaN])
      assert.throws(() => cache.setBudget(bytes), { code: 'INVALID_ARGUMENT' })
  })

  test('a model loaded anew has its new size, and one that fails to goes on as it was', async () => {
    const { cache, models, hold, held, loaded } = createCacheBed({ a: TEN, b: TEN })
    for (const id of ['a', 'b']) await cache.ensureLoaded(id)
    models.set('b', { bytes: 25, isPinned: true })
    await cache.reload('b')
    assert.deepEqual(loaded(), ['b'])
    // Its other settings count from now on.
    assert.equal(cache.modelOf('b').isPinned, true)
    hold('load')
    const reloading = cache.reload('b')
    held[0]!.fail(new Error('broken'))
    await assert.rejects(reloading, /broken/)
    assert.deepEqual(loaded(), ['b'])
    assert.equal(cache.figures.usedBytes, 25)
  })
})

describe('unloading', () => {
  test('check 68: a load begins when the memory of others is really free', async () => {
    const { cache, hold, held, log, loaded } = createCacheBed({ a: TEN, b: TEN, c: TEN, d: TEN })
    for (const id of ['a', 'b', 'c']) await cache.ensureLoaded(id)
    hold('unload')
    const waiting = cache.ensureLoaded('d')
    await settled()
    assert.deepEqual(log.slice(3), ['evict a pressure', 'unload a'])
    assert.equal(cache.modelOf('a').state, 'UNLOADING')
    assert.equal(cache.modelOf('d').state, 'QUEUED')
    assert.equal(cache.figures.usedBytes, 30)
    assert.equal(cache.figures.unloadingBytes, 10)
    held[0]!.end()
    await waiting
    assert.deepEqual(loaded(), ['b', 'c', 'd'])
  })

  test('check 68: an unload that fails for good makes the budget smaller', async () => {
    const { cache, hold, held, loaded } = createCacheBed({ a: TEN, b: TEN, c: TEN, d: TEN })
    for (const id of ['a', 'b', 'c']) await cache.ensureLoaded(id)
    hold('unload')
    const waiting = cache.ensureLoaded('d')
    await settled()
    held[0]!.fail(new Error('it holds on'))
    await settled()
    // Another one has to go for the same place.
    assert.equal(cache.modelOf('b').state, 'UNLOADING')
    held[0]!.end()
    await waiting
    assert.deepEqual(loaded(), ['c', 'd'])
    const { lostBytes, unloadFailures, usedBytes, budgetBytes } = cache.figures
    assert.deepEqual(
      { lostBytes, unloadFailures, usedBytes, budgetBytes },
      { lostBytes: 10, unloadFailures: 1, usedBytes: 20, budgetBytes: 30 },
    )
  })

  test('an unload without end counts as failed, until it ends', async () => {
    const { cache, hold, held, clock } = createCacheBed({ a: TEN }, { unloadTimeoutMs: 1000 })
    await cache.ensureLoaded('a')
    hold('unload')
    const removing = cache.remove('a')
    await clock.advance(1000)
    await removing
    assert.equal(cache.figures.lostBytes, 10)
    held[0]!.end()
    await settled()
    assert.equal(cache.figures.lostBytes, 0)
  })

  test('a model that is asked for while it is unloaded is loaded again', async () => {
    const { cache, hold, held, log } = createCacheBed({ a: TEN })
    await cache.ensureLoaded('a')
    hold('unload')
    const removing = cache.remove('a')
    const loading = cache.ensureLoaded('a')
    await settled()
    assert.equal(cache.modelOf('a').state, 'UNLOADING')
    held[0]!.end()
    await Promise.all([removing, loading])
    assert.deepEqual(log, ['load a', 'evict a asked', 'unload a', 'load a'])
  })

  test('a model that is removed while it loads is not loaded', async () => {
    const { cache, hold, held } = createCacheBed({ a: TEN })
    hold('load')
    const loading = cache.ensureLoaded('a')
    await settled()
    const removing = cache.remove('a')
    await assert.rejects(loading, {
      code: 'UNAVAILABLE',
      message: /^Model a was unloaded before it could answer/,
    })
    await removing
    assert.equal(held[0]!.signal?.aborted, true)
    assert.deepEqual(cache.models(), [])
    assert.equal(cache.figures.usedBytes, 0)
  })
})

describe('who waits', () => {
  test('a hundred first requests are one load', async () => {
    const { cache, log } = createCacheBed({ a: TEN })
    await Promise.all(Array.from({ length: 100 }, () => cache.ensureLoaded('a')))
    assert.deepEqual(log, ['load a'])
  })

  test('check 70: what a request waits for overtakes what is loaded ahead', async () => {
    const { cache, hold, held, log } = createCacheBed({ a: TEN, b: TEN, c: TEN })
    hold('load')
    const all = [cache.ensureLoaded('a', { priority: 'preload' })]
    await settled()
    all.push(
      cache.ensureLoaded('b', { priority: 'preload' }),
      cache.ensureLoaded('c', { priority: 'preload' }),
    )
    await settled()
    // A request for one that waits moves it to the front.
    all.push(cache.ensureLoaded('c'))
    await settled()
    while (held.length > 0) {
      held[0]!.end()
      await settled()
    }
    await Promise.all(all)
    assert.deepEqual(log, ['load a', 'load c', 'load b'])
  })

  test('no more loads at once than the settings say', async () => {
    const { cache, hold, held, log } = createCacheBed({ a: TEN, b: TEN, c: TEN }, { maxLoads: 2 })
    hold('load')
    const all = Promise.all(['a', 'b', 'c'].map(id => cache.ensureLoaded(id)))
    await settled()
    assert.deepEqual(log, ['load a', 'load b'])
    while (held.length > 0) {
      held[0]!.end()
      await settled()
    }
    await all
  })

  test('check 79: no more than may', async () => {
    const { cache, hold, held } = createCacheBed({ a: TEN, b: TEN }, { maxWaiting: 2 })
    hold('load')
    const waiting = [cache.ensureLoaded('a'), cache.ensureLoaded('b')]
    await assert.rejects(cache.ensureLoaded('a'), {
      code: 'RESOURCE_EXHAUSTED',
      message: /^Model queue overload: 2 requests wait for models to be loaded/,
      retryAfterMs: 1000,
    })
    await settled()
    held[0]!.end()
    await settled()
    held[0]!.end()
    await Promise.all(waiting)
    assert.equal(cache.figures.waiting, 0)
  })

  test('whoever gives up goes, and a load that nobody waits for any more leaves the queue', async () => {
    const { cache, hold, held, log } = createCacheBed({ a: TEN, b: TEN })
    hold('load')
    const first = cache.ensureLoaded('a')
    await settled()
    const giving = new AbortController()
    const second = cache.ensureLoaded('b', { signal: giving.signal })
    await settled()
    const reason = new ServingError('DEADLINE_EXCEEDED', 'too late')
    giving.abort(reason)
    await assert.rejects(second, reason)
    await assert.rejects(cache.ensureLoaded('b', { signal: giving.signal }), reason)
    held[0]!.end()
    await first
    await settled()
    assert.deepEqual(log, ['load a'])
    assert.deepEqual(
      cache.models().map(({ id }) => id),
      ['a'],
    )
  })

  test('nothing is left of a model that nobody knows', async () => {
    const { cache } = createCacheBed({})
    await assert.rejects(cache.ensureLoaded('x'), { code: 'NOT_FOUND', message: 'Model x not found' })
    assert.deepEqual(cache.models(), [])
  })
})

describe('loads that fail', () => {
  test('check 72: are tried again after a while that doubles, and clear when they succeed', async () => {
    const { cache, hold, held, clock, loaded } = createCacheBed({ a: TEN })
    hold('load')
    const fail = async (message: string) => {
      const loading = cache.ensureLoaded('a')
      await settled()
      held[0]!.fail(new Error(message))
      return loading
    }
    await assert.rejects(fail('first'), {
      code: 'UNAVAILABLE',
      message: 'Model a could not be loaded, and is tried again in 1 s: first',
      retryAfterMs: 1000,
    })
    await assert.rejects(cache.ensureLoaded('a'), { code: 'UNAVAILABLE', message: /in 1 s: first$/ })
    await clock.advance(1000)
    await assert.rejects(fail('second'), { retryAfterMs: 2000 })
    await clock.advance(1999)
    await assert.rejects(cache.ensureLoaded('a'), { message: /second$/ })
    await clock.advance(1)
    for (const wanted of [4000, 8000, 8000]) {
      await assert.rejects(fail('more'), { retryAfterMs: wanted })
      await clock.advance(wanted)
    }
    const loading = cache.ensureLoaded('a')
    await settled()
    held[0]!.end()
    await loading
    assert.deepEqual(loaded(), ['a'])
    assert.equal(cache.modelOf('a').reason, '')
    assert.equal(cache.figures.loadFailures, 5)
  })

  test('are forgotten after their time, when somebody says so, and for whoever asks by hand', async () => {
    const { cache, hold, held, clock } = createCacheBed({ a: TEN }, { failureExpiryMs: 10_000 })
    hold('load')
    const attempt = async (isByHand: boolean, error: Error) => {
      const loading = cache.ensureLoaded('a', { isByHand })
      await settled()
      held[0]!.fail(error)
      return loading
    }
    await assert.rejects(attempt(false, new Error('no')), { code: 'UNAVAILABLE' })
    const own = new ServingError('FAILED_PRECONDITION', 'the file is damaged')
    await assert.rejects(attempt(true, own), own)
    assert.equal(cache.modelOf('a').state, 'FAILED')
    cache.forgetFailure('a')
    assert.equal(cache.modelOf('a').state, 'NOT_LOADED')
    await assert.rejects(attempt(false, new Error('no')), { retryAfterMs: 1000 })
    await clock.advance(10_000)
    assert.deepEqual(cache.models(), [])
    assert.equal(clock.timerCount, 0)
  })

  test('check 71: one that takes too long is ended and counts as failed', async () => {
    const { cache, hold, held, clock, log } = createCacheBed({ a: TEN }, { loadTimeoutMs: 5000 })
    hold('load')
    const loading = cache.ensureLoaded('a')
    await settled()
    const { signal } = held[0]!
    const refused = assert.rejects(loading, { message: /: Load of model a timed out after 5 s$/ })
    await clock.advance(5000)
    await refused
    assert.equal(signal?.aborted, true)
    assert.deepEqual(log, ['load a', 'unload a'])
    assert.equal(cache.figures.usedBytes, 0)
  })
})

test('a closed cache refuses, and ends what it loads', async () => {
  const { cache, hold, held } = createCacheBed({ a: TEN, b: TEN })
  hold('load')
  const loading = [cache.ensureLoaded('a'), cache.ensureLoaded('b')]
  await settled()
  const closing = cache.close()
  for (const promise of loading)
    await assert.rejects(promise, { code: 'UNAVAILABLE', message: 'the server is stopping' })
  await closing
  assert.equal(held[0]!.signal?.aborted, true)
  await assert.rejects(cache.ensureLoaded('a'), { code: 'UNAVAILABLE' })
})

test('tells of each change of state', async () => {
  const { cache } = createCacheBed({ a: TEN })
  const states: string[] = []
  const stop = cache.onChange(({ id, state, bytes }) => void states.push(`${id} ${state} ${bytes}`))
  await cache.ensureLoaded('a')
  await cache.remove('a')
  stop()
  await cache.ensureLoaded('a')
  assert.deepEqual(states, ['a QUEUED 0', 'a LOADING 10', 'a LOADED 10', 'a UNLOADING 10', 'a NOT_LOADED 0'])
})

test('what a failed load has left behind takes its memory until it is gone, and nobody waits for that', async () => {
  const { cache, hold, held, log } = createCacheBed({ a: { bytes: 20 }, b: { bytes: 20 } })
  hold('load')
  hold('unload')
  const loading = cache.ensureLoaded('a')
  await settled()
  held[0]!.fail(new Error('broken'))
  await assert.rejects(loading, { code: 'UNAVAILABLE' })
  assert.equal(cache.modelOf('a').state, 'FAILED')
  const next = cache.ensureLoaded('b')
  await settled()
  assert.deepEqual(log, ['load a', 'unload a'])
  held[0]!.end()
  await settled()
  held[0]!.end()
  await next
  assert.deepEqual(log, ['load a', 'unload a', 'load b'])
})
