import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServingError } from '@millrace/sdk'
import { ask, collect, createPoolBed, KINDS, saying, testCall } from './pool-bed.ts'
import { UNSTABLE, watchedCall } from './unstable-model-fixture.ts'

async function* leavingRequests() {
  yield saying('who')
  yield saying('exit')
}

for (const kind of KINDS) {
  test(`${kind}: requests are spread over distinct workers, to the least busy`, async t => {
    const bed = await createPoolBed(t, kind, { workerCount: 3 })
    const model = await bed.load('test', UNSTABLE)
    const stop = new AbortController()
    const { begun, call } = watchedCall({ signal: stop.signal })
    const waiting = ask(model, 'wait', call)
    await begun
    const others: string[] = []
    for (let count = 0; count < 20; count++) others.push(await ask(model, 'who'))
    stop.abort()
    const busy = await waiting
    assert.equal(new Set(others).size, 2)
    assert.ok(!others.includes(busy))
    const statistics = await bed.pools.statistics()
    assert.deepEqual(new Set(statistics.map(({ id }) => String(id))), new Set([...others, busy]))
    assert.deepEqual(
      statistics.map(({ completedCount }) => completedCount).toSorted((a, b) => a - b),
      [1, 10, 10],
    )
    for (const { usage, isBusy, kind: said } of statistics) {
      assert.ok(usage !== undefined && usage.heapBytes > 0 && usage.rssBytes > 0)
      assert.deepEqual([isBusy, said], [false, kind])
    }
  })

  for (const end of kind === 'process' ? ['exit', 'kill', 'throw'] : ['exit', 'throw']) {
    test(`${kind}: a worker that ends by '${end}' fails its own requests alone and is replaced`, async t => {
      const bed = await createPoolBed(t, kind, { workerCount: 2 })
      const model = await bed.load('test', UNSTABLE)
      const stop = new AbortController()
      const { begun, call } = watchedCall({ signal: stop.signal })
      const elsewhere = ask(model, 'wait', call)
      await begun
      const how = { exit: /exit code 3/, kill: /signal SIGKILL/, throw: /exit code [17]/ }[end]!
      await assert.rejects(ask(model, end), (error: unknown) => {
        assert.ok(ServingError.is(error))
        assert.equal(error.code, 'INTERNAL')
        assert.match(error.message, how)
        assert.ok((error.retryAfterMs ?? 0) > 0)
        return true
      })
      // The other one goes on, and takes what comes.
      const others = await Promise.all(Array.from({ length: 5 }, () => ask(model, 'who')))
      assert.equal(new Set(others).size, 1)
      assert.ok(model.model.isReady)
      await bed.until(() => bed.serverLog.some(({ message }) => message === 'worker replaced'))
      const joined = (await bed.pools.statistics()).filter(({ hasJoined }) => hasJoined).length
      assert.equal(joined, 2)
      stop.abort()
      assert.equal(await elsewhere, others[0])
      const after = await Promise.all(Array.from({ length: 10 }, () => ask(model, 'who')))
      assert.equal(new Set(after).size, 2)
      assert.deepEqual(
        (await bed.pools.statistics()).map(({ restartCount }) => restartCount).toSorted((a, b) => a - b),
        [0, 1],
      )
      const line = bed.serverLog.find(({ level }) => level === 'error')
      assert.match(String(line!['message']), /worker stopped unexpectedly/)
    })
  }

  test(`${kind}: requests wait for the replacement of the only worker, within their limits`, async t => {
    const bed = await createPoolBed(t, kind, { maxWaitingRequests: 3 })
    const model = await bed.load('test', UNSTABLE)
    const first = await ask(model, 'who')
    await assert.rejects(ask(model, 'exit'), { code: 'INTERNAL' })
    assert.ok(model.model.isReady)
    const stop = new AbortController()
    const left = ask(model, 'who', testCall({ signal: stop.signal }))
    const late = ask(model, 'who', testCall({ deadlineMs: Date.now() - 1 }))
    const patient = ask(model, 'who')
    await assert.rejects(ask(model, 'who'), { code: 'RESOURCE_EXHAUSTED', message: /3 requests wait/ })
    stop.abort(new ServingError('CANCELLED', 'the client left'))
    await assert.rejects(left, { code: 'CANCELLED' })
    await assert.rejects(late, { code: 'DEADLINE_EXCEEDED' })
    assert.notEqual(await patient, first)
  })

  test(`${kind}: a stream of a worker that ends fails`, async t => {
    const bed = await createPoolBed(t, kind)
    const model = await bed.load('test', UNSTABLE)
    await assert.rejects(collect(model.predictStream(leavingRequests(), testCall())), {
      code: 'INTERNAL',
      message: /exit code 3/,
    })
  })
}
