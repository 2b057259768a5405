import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type InferenceRequest, type Parameters, ServingError } from '@millrace/sdk'
import type { BatcherOptions } from './batched-model.ts'
import { BatcherBed, Gate, ofRows, rows, tenfold, testContext, valuesOf } from './batcher-bed.ts'

/** A model that waits behind a gate and is busy with one request. */
async function busy(options: Partial<BatcherOptions> = {}) {
  const gate = new Gate()
  const bed = new BatcherBed(gate.predict, options)
  const warm = bed.ask(ofRows(0))
  await bed.turn()
  await gate.open()
  await warm
  const running = bed.ask(ofRows(99))
  await bed.turn()
  bed.seen.length = 0
  const finish = async () => {
    while (gate.waiting > 0 || bed.statistics.queueLength > 0) {
      if (gate.waiting > 0) await gate.open()
      else await bed.clock.advance(1)
    }
    return running
  }
  return { bed, gate, finish }
}

const wanting = (value: number, parameters: Parameters): InferenceRequest => ({
  ...ofRows(value),
  parameters,
})

test('a request beyond the length of the queue is refused at once, with when to come back', async () => {
  const { bed, finish } = await busy({ maxQueueRequests: 2 })
  const waiting = [bed.ask(ofRows(1)), bed.ask(ofRows(2))]
  await assert.rejects(bed.ask(ofRows(3)), (error: ServingError) => {
    assert.equal(error.code, 'RESOURCE_EXHAUSTED')
    assert.ok(error.retryAfterMs! >= 1)
    assert.match(
      error.message,
      /queue of model m holds 2 requests with 8 bytes, .* has 4 bytes; allowed are 2 requests \(max_queue_requests\)/,
    )
    return true
  })
  await finish()
  assert.deepEqual((await Promise.all(waiting)).map(valuesOf), [[10], [20]])
  assert.equal(bed.statistics.queueLength, 0)
})

test('so is one beyond its bytes, until there is room again', async () => {
  const { bed, gate, finish } = await busy({ maxQueueBytes: 8 })
  const waiting = bed.ask(ofRows(1))
  await assert.rejects(bed.ask(ofRows(2, 3)), { code: 'RESOURCE_EXHAUSTED' })
  const fits = bed.ask(ofRows(4))
  await assert.rejects(bed.ask(ofRows(5)), { code: 'RESOURCE_EXHAUSTED' })
  await gate.open()
  const again = bed.ask(ofRows(6, 7))
  await finish()
  assert.deepEqual((await Promise.all([waiting, fits, again])).map(valuesOf), [[10], [40], [60, 70]])
})

test('a queue that is full does not refuse what need not wait', async () => {
  const bed = new BatcherBed(tenfold, { maxQueueRequests: 1, maxQueueBytes: 4, concurrency: 9 })
  await bed.warmUp()
  // More than the queue could hold in one turn, and one that it could never hold.
  const answers = await Promise.all([bed.ask(ofRows(1)), bed.ask(ofRows(2)), bed.ask(ofRows(3, 4, 5))])
  assert.deepEqual(answers.map(valuesOf), [[10], [20], [30, 40, 50]])
  assert.equal(bed.statistics.queueBytes, 0)
})

test('a client that goes away while it waits leaves the queue, and is told why', async () => {
  const { bed, finish } = await busy()
  const reason = new ServingError('UNAVAILABLE', 'the server stops')
  for (const [abortReason, expected] of [
    [reason, reason],
    [undefined, { code: 'CANCELLED' }],
  ] as const) {
    const client = new AbortController()
    const [before, leaving, after] = [
      bed.ask(ofRows(1)),
      bed.ask(ofRows(2), testContext({ signal: client.signal })),
      bed.ask(ofRows(3)),
    ]
    const refused = assert.rejects(leaving, expected)
    const { queueLength, queueBytes } = bed.statistics
    client.abort(abortReason)
    await refused
    assert.deepEqual(bed.statistics, {
      ...bed.statistics,
      queueLength: queueLength - 1,
      queueBytes: queueBytes - 4,
    })
    void Promise.all([before, after])
  }
  await assert.rejects(bed.ask(ofRows(4), testContext({ signal: AbortSignal.abort(reason) })), reason)
  await finish()
  assert.deepEqual(bed.seen.map(valuesOf), [[1, 3, 1, 3]])
})

test('hundreds that leave in any order leave nothing behind', async () => {
  const { bed, finish } = await busy({ maxBatchSize: 1000 })
  const clients = Array.from({ length: 300 }, () => new AbortController())
  const asked = clients.map(({ signal }, index) => bed.ask(ofRows(index), testContext({ signal })))
  const settled = Promise.allSettled(asked)
  const leaving = clients.map((_, index) => (index * 7) % 300).filter(index => index % 3 > 0)
  for (const index of leaving) clients[index]!.abort()
  assert.deepEqual(bed.statistics, { ...bed.statistics, queueLength: 100, queueBytes: 400 })
  await finish()
  const kept = clients.map((_, index) => index).filter(index => index % 3 === 0)
  assert.deepEqual(bed.seen.map(valuesOf), [kept])
  assert.equal((await settled).filter(({ status }) => status === 'fulfilled').length, 100)
})

test('the signal of a batch is aborted when its last member has gone, not before', async () => {
  const signals: AbortSignal[] = []
  const gate = new Gate()
  const bed = new BatcherBed(async (request, context) => {
    if (request.inputs[0]!.shape[0] === 2) signals.push(context.signal)
    await gate.pass()
    return tenfold(request, context)
  })
  const warm = bed.ask(ofRows(0))
  await bed.turn()
  await gate.open()
  await warm
  const clients = [new AbortController(), new AbortController()]
  const asked = clients.map(({ signal }, index) => bed.ask(ofRows(index), testContext({ signal })))
  const refused = asked.map(answer => assert.rejects(answer, { code: 'CANCELLED' }))
  await bed.turn()
  clients[0]!.abort()
  await refused[0]
  assert.equal(signals[0]!.aborted, false)
  clients[1]!.abort()
  assert.equal(signals[0]!.aborted, true)
  await Promise.all(refused)
  await gate.open()
  assert.equal(bed.batches.length, 2)
})

test('a member that leaves while its batch runs takes nothing from the others', async () => {
  const { bed, gate, finish } = await busy()
  const client = new AbortController()
  const asked = [
    bed.ask(ofRows(1)),
    bed.ask(ofRows(2), testContext({ signal: client.signal })),
    bed.ask(ofRows(3)),
  ]
  const settled = Promise.allSettled(asked)
  await gate.open()
  client.abort()
  await finish()
  assert.deepEqual(
    (await settled).map(result => (result.status === 'fulfilled' ? valuesOf(result.value) : 'left')),
    [[10], 'left', [30]],
  )
})

test('those that left are not asked for again when a batch has failed', async () => {
  const { bed, gate, finish } = await busy()
  const client = new AbortController()
  const settled = Promise.allSettled([
    bed.ask(ofRows(1)),
    bed.ask(ofRows(2), testContext({ signal: client.signal })),
    bed.ask(ofRows(-3)),
    bed.ask(ofRows(4)),
  ])
  await gate.open()
  await gate.open()
  // The batch has failed, and the first runs alone.
  client.abort()
  await finish()
  assert.deepEqual(
    (await settled).map(({ status }) => status),
    ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
  )
  assert.deepEqual(bed.seen.map(valuesOf), [[1, 2, -3, 4], [1], [-3], [4]])
})

test('a deadline that passes in the queue ends the wait; one timer serves them all', async () => {
  const { bed, finish } = await busy()
  const deadline = (ms: number) => testContext({ deadlineMs: bed.clock.epochMs() + ms })
  const [late, later, patient, short] = [
    bed.ask(ofRows(1), deadline(20)),
    bed.ask(ofRows(2), deadline(30)),
    bed.ask(ofRows(3)),
    bed.ask(wanting(4, { timeout: 5000 })),
  ]
  assert.equal(bed.clock.timerCount, 1)
  const refused = { code: 'DEADLINE_EXCEEDED', message: /waited for model m/ }
  const shortRefused = assert.rejects(short, refused)
  await bed.clock.advance(4)
  assert.equal(bed.statistics.queueLength, 4)
  await bed.clock.advance(1)
  await shortRefused
  const lateRefused = assert.rejects(late, refused)
  await bed.clock.advance(15)
  await lateRefused
  assert.equal(bed.statistics.queueLength, 2)
  await finish()
  assert.deepEqual((await Promise.all([later, patient])).map(valuesOf), [[20], [30]])
  assert.equal(bed.clock.timerCount, 0)
  await assert.rejects(bed.ask(ofRows(5), deadline(0)), refused)
})

test('the highest priority is served first, then the oldest; none or 0 comes last', async () => {
  const { bed, finish } = await busy({ maxBatchSize: 2 })
  const wishes: [number, Parameters?][] = [
    [1],
    [2, { priority: 3 }],
    [3, { priority: 0 }],
    [4, { priority: 1n }],
    [5, { priority: 3 }],
    [6],
    [7, { priority: 1 }],
  ]
  const answers = wishes.map(([value, parameters]) =>
    bed.ask(parameters === undefined ? ofRows(value) : wanting(value, parameters)),
  )
  await finish()
  assert.deepEqual(
    (await Promise.all(answers)).map(valuesOf),
    wishes.map(([value]) => [value * 10]),
  )
  assert.deepEqual(bed.seen.map(valuesOf), [[4, 7], [2, 5], [1, 3], [6]])
})

test('priority and timeout do not keep requests apart; the model sees them where they are equal', async () => {
  const { bed, finish } = await busy()
  const groups: Parameters[][] = [
    [
      { priority: 2, timeout: 9_000_000, a: 1 },
      { priority: 2, a: 1 },
      { a: 1, priority: 2, timeout: 1_000_000 },
    ],
    [
      { priority: 3, timeout: 5_000_000, b: 1 },
      { priority: 3, timeout: 5_000_000, b: 1 },
    ],
    [
      { priority: 'high', timeout: -1 },
      { priority: 'high', timeout: -1 },
    ],
    [{ priority: 'low' }],
    [{ priority: 4 }],
  ]
  const answers = groups.flat().map((parameters, index) => bed.ask(wanting(index, parameters)))
  answers.push(bed.ask(ofRows(8)), bed.ask(ofRows(9)))
  await finish()
  await Promise.all(answers)
  assert.deepEqual(
    bed.seen.map(request => [valuesOf(request).length, request.parameters]),
    [
      [3, { a: 1, priority: 2 }],
      [2, { priority: 3, timeout: 5_000_000, b: 1 }],
      [3, undefined],
      [2, { priority: 'high', timeout: -1 }],
      [1, { priority: 'low' }],
    ],
  )
})

const other = (value: number): InferenceRequest => ({
  modelName: 'm',
  inputs: [{ ...rows(value), name: 'y' }],
})

test('groups are served by the age of their oldest request', async () => {
  const { bed, finish } = await busy({ maxBatchSize: 2 })
  const answers = [ofRows(1), other(2), ofRows(3), ofRows(4), other(5)].map(request => bed.ask(request))
  await finish()
  await Promise.all(answers)
  assert.deepEqual(bed.seen.map(valuesOf), [[1, 3], [2, 5], [4]])
})

test('a request that would be late is not held back for others', async () => {
  const bed: BatcherBed = new BatcherBed(async (request, context) => {
    await bed.clock.sleep(20)
    return tenfold(request, context)
  })
  for (let round = 0; round < 10; round++) {
    const answered: unknown[] = []
    const answers = [1, 2, 3, 4].map(value => bed.ask(ofRows(value)).then(answer => answered.push(answer)))
    while (answered.length < 4) await bed.clock.advance(1)
    await Promise.all(answers)
  }
  bed.batches.length = 0
  const held = bed.ask(ofRows(1))
  await bed.turn()
  assert.equal(bed.batches.length, 0)
  const urgent = bed.ask(wanting(2, { timeout: 3000 }))
  await bed.turn()
  assert.deepEqual(bed.batches, [{ requests: 2, rows: 2, queueMs: 0 }])
  await bed.clock.advance(20)
  assert.deepEqual((await Promise.all([held, urgent])).map(valuesOf), [[10], [20]])
})

test('closing refuses what waits and what comes, and lets running batches end', async () => {
  const { bed, gate, finish } = await busy()
  const refused = { code: 'UNAVAILABLE', message: /Model m is being unloaded/ }
  const waiting = [bed.ask(ofRows(1)), bed.ask(wanting(2, { timeout: 1000 }))]
  const allRefused = Promise.all(waiting.map(answer => assert.rejects(answer, refused)))
  let isClosed = false
  const closed = bed.batcher.close().then(() => {
    isClosed = true
  })
  await allRefused
  assert.equal(bed.clock.timerCount, 0)
  await assert.rejects(bed.ask(ofRows(3)), refused)
  await bed.turn()
  assert.equal(isClosed, false)
  assert.deepEqual(valuesOf(await finish()), [990])
  await closed
  await bed.batcher.close()
  assert.equal(gate.waiting, 0)
})

test('closing aborts the signal of a running batch; a batch that fails then is not tried again', async () => {
  const aborted: AbortSignal[] = []
  const bed = new BatcherBed(async (request, context) => {
    if (valuesOf(request).length === 1) return tenfold(request, context)
    const { signal } = context
    await new Promise(resolve => {
      signal.addEventListener('abort', resolve)
    })
    aborted.push(signal)
    throw new Error('stopped')
  })
  await bed.warmUp()
  const refused = [1, 2].map(value => assert.rejects(bed.ask(ofRows(value)), { code: 'UNAVAILABLE' }))
  await bed.turn()
  await bed.batcher.close()
  await Promise.all(refused)
  assert.equal(aborted.length, 1)
  assert.equal(bed.batches.length, 1)
})

test('closing a batcher that does nothing is done at once', async () => {
  await new BatcherBed(tenfold).batcher.close()
})

test('a batch that is never answered gives its place up when all its requests are overdue', async () => {
  const bed = new BatcherBed(request =>
    valuesOf(request)[0] === 99 ? new Promise<never>(() => {}) : tenfold(request, testContext()),
  )
  await bed.warmUp()
  const soon = testContext({ deadlineMs: bed.clock.epochMs() + 50 })
  void bed.ask(ofRows(99), soon)
  await bed.turn()
  const waiting = bed.ask(ofRows(1))
  await bed.clock.advance(49)
  assert.equal(bed.statistics.queueLength, 1)
  await bed.clock.advance(2)
  assert.deepEqual(valuesOf(await waiting), [10])
  assert.deepEqual(valuesOf(await bed.ask(ofRows(2))), [20])
  assert.match(bed.warnings[0]!, /has not answered a batch although all its requests are overdue/)
})
