import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  BytesArray,
  type InferenceRequest,
  type InferenceResponse,
  ServingError,
  type Tensor,
} from '@millrace/sdk'
import { BatcherBed, Gate, ofRows, rows, tenfold, testContext, valuesOf } from './batcher-bed.ts'

/** Shapes of the first inputs that the model saw. */
const shapesSeen = (bed: BatcherBed) => bed.seen.map(({ inputs }) => inputs[0]?.shape)

test('22 requests at once with a size of 10 are answered exactly, in three batches, with their ids', async () => {
  const bed = new BatcherBed(tenfold, { maxBatchSize: 10 })
  await bed.warmUp()
  const answers = await Promise.all(
    Array.from({ length: 22 }, (_, index) => bed.ask({ ...ofRows(index), id: `id-${index}` })),
  )
  for (const [index, answer] of answers.entries()) {
    assert.equal(answer.id, `id-${index}`)
    assert.deepEqual(answer.outputs[0]!.shape, [1, 1])
    assert.deepEqual(valuesOf(answer), [index * 10])
  }
  assert.deepEqual(shapesSeen(bed), [
    [10, 1],
    [10, 1],
    [2, 1],
  ])
  assert.ok(bed.seen.every(({ id }) => id === undefined))
  assert.deepEqual(
    bed.batches.map(({ requests, rows }) => [requests, rows]),
    [
      [10, 10],
      [10, 10],
      [2, 2],
    ],
  )
  assert.deepEqual(bed.statistics, { batchCount: 4, batchedRowCount: 23, queueLength: 0, queueBytes: 0 })
  assert.deepEqual(
    bed.queueLengths,
    Array.from({ length: 22 }, (_, index) => index + 1),
  )
})

test('the size counts rows: 2 + 1 + 1 fit into 4, and a request of 20 runs alone beside one of 1', async () => {
  const bed = new BatcherBed(tenfold, { maxBatchSize: 4 })
  await bed.warmUp()
  const twenty = Array.from({ length: 20 }, (_, index) => index)
  const requests = [ofRows(1, 2), ofRows(3), ofRows(4), ofRows(...twenty), ofRows(5)]
  const answers = await Promise.all(requests.map(request => bed.ask(request)))
  assert.deepEqual(
    answers.map(valuesOf),
    requests.map(request => valuesOf(request).map(value => value * 10)),
  )
  assert.deepEqual(shapesSeen(bed), [
    [4, 1],
    [20, 1],
    [1, 1],
  ])
})

test('a lone request starts in the turn in which it came, without a timer and without a signal', async () => {
  const gate = new Gate()
  const bed = new BatcherBed(gate.predict)
  const context = testContext()
  const answer = bed.ask(ofRows(1), context)
  await bed.turn()
  assert.equal(gate.waiting, 1)
  assert.equal(bed.clock.timerCount, 0)
  await gate.open()
  assert.deepEqual(valuesOf(await answer), [10])
  assert.equal(context.isSignalMade, false)
})

test('requests gather while the model is busy, and as many batches run as there are slots', async () => {
  for (const concurrency of [1, 3]) {
    const gate = new Gate()
    const bed = new BatcherBed(gate.predict, { maxBatchSize: 2, concurrency })
    const warm = bed.ask(ofRows(0))
    await bed.turn()
    await gate.open()
    await warm
    const answers = Array.from({ length: 8 }, (_, index) => bed.ask(ofRows(index)))
    await bed.turn()
    assert.equal(gate.waiting, concurrency)
    assert.equal(bed.statistics.queueLength, 8 - 2 * concurrency)
    assert.equal(bed.statistics.queueBytes, 4 * (8 - 2 * concurrency))
    while (gate.waiting > 0) await gate.open()
    assert.deepEqual(
      (await Promise.all(answers)).map(valuesOf),
      Array.from({ length: 8 }, (_, i) => [i * 10]),
    )
  }
})

test('clients that come back upon an answer are waited for, up to half a batch', async () => {
  const bed: BatcherBed = new BatcherBed(async (request, context) => {
    await bed.clock.sleep(20)
    return tenfold(request, context)
  })
  const answered: number[] = []
  const client = async (delayMs: number) => {
    for (let round = 0; round < 30; round++) {
      await bed.ask(ofRows(1))
      answered.push(delayMs)
      await bed.clock.sleep(delayMs)
    }
  }
  const clients = [1, 2, 3, 4].map(delayMs => client(delayMs))
  while (answered.length < 4 * 20) await bed.clock.advance(1)
  assert.deepEqual(
    bed.batches.slice(-3).map(({ requests }) => requests),
    [4, 4, 4],
  )
  while (answered.length < 4 * 30) await bed.clock.advance(1)
  await bed.clock.advance(10)
  await Promise.all(clients)
  // They are gone: the next one is held back for half a batch and then starts alone.
  bed.batches.length = 0
  const last = bed.ask(ofRows(2))
  await bed.turn()
  assert.equal(bed.clock.timerCount, 1)
  await bed.clock.advance(9)
  assert.equal(bed.batches.length, 0)
  await bed.clock.advance(1)
  assert.deepEqual(bed.batches, [{ requests: 1, rows: 1, queueMs: 10 }])
  await bed.clock.advance(20)
  assert.deepEqual(valuesOf(await last), [20])
})

test('the model sees one request with what all have in common', async () => {
  const bed = new BatcherBed(tenfold)
  await bed.warmUp()
  const ask = (id: string, tensor: Tensor, deadlineMs: number, way: string) =>
    bed.ask(
      {
        modelName: 'm',
        id,
        inputs: [{ ...tensor, parameters: { content_type: 'np' } }],
        parameters: { foo: 'bar' },
        outputs: [{ name: 'x', parameters: { a: true } }],
      },
      testContext({ headers: { 'x-tenant': 't', traceparent: way }, deadlineMs }),
    )
  await Promise.all([
    ask('a', rows(1, 2), 2_000_000, '1'),
    ask('b', rows(3), 3_000_000, '2'),
    ask('c', rows(4), 2_500_000, '3'),
  ])
  const [request, ...others] = bed.seen
  assert.equal(others.length, 0)
  assert.deepEqual(request, {
    modelName: 'm',
    modelVersion: undefined,
    parameters: { foo: 'bar' },
    inputs: [{ ...rows(1, 2, 3, 4), parameters: { content_type: 'np' } }],
    outputs: [{ name: 'x', parameters: { a: true } }],
  })
  assert.deepEqual(bed.contexts[0]!.headers, { 'x-tenant': 't' })
  assert.equal(bed.contexts[0]!.deadlineMs, 3_000_000)
})

const numbers = (name: string, values: number[], ...shape: number[]): Tensor => ({
  name,
  datatype: 'FP32',
  shape,
  data: Float32Array.from(values),
})

for (const { what, other, headers } of [
  { what: 'other input names', other: { inputs: [numbers('y', [7], 1, 1)] } },
  { what: 'more inputs', other: { inputs: [rows(7), numbers('y', [8], 1)] } },
  { what: 'other trailing extents', other: { inputs: [numbers('x', [7, 8], 1, 2)] } },
  { what: 'another rank', other: { inputs: [numbers('x', [7], 1)] } },
  { what: 'other input parameters', other: { inputs: [{ ...rows(7), parameters: { a: 1 } }] } },
  { what: 'other request parameters', other: { parameters: { a: 1 } } },
  { what: 'other requested outputs', other: { outputs: [{ name: 'x' }] } },
  { what: "other headers of the application's", other: {}, headers: { 'x-tenant': 'b' } },
  { what: 'no first extent', other: { inputs: [numbers('x', [7])] } },
  { what: 'inputs of different first extents', other: { inputs: [rows(1), numbers('y', [7, 8], 2)] } },
  { what: 'no rows', other: { inputs: [numbers('x', [], 0, 1)] } },
  { what: 'no inputs', other: { inputs: [] } },
] as { what: string; other: Partial<InferenceRequest>; headers?: Record<string, string> }[]) {
  test(`requests with ${what} are not joined with others`, async () => {
    const bed = new BatcherBed(tenfold)
    await bed.warmUp()
    const answers = await Promise.all([
      bed.ask(ofRows(1)),
      bed.ask({ ...ofRows(7), ...other }, testContext({ headers: headers ?? {} })),
      bed.ask(ofRows(2)),
    ])
    assert.deepEqual(valuesOf(answers[0]), [10])
    assert.deepEqual(valuesOf(answers[2]), [20])
    assert.deepEqual(
      bed.batches.map(({ requests }) => requests),
      [2, 1],
    )
    const [asked, got] = [other.inputs ?? ofRows(7).inputs, answers[1].outputs]
    assert.deepEqual(
      got.map(({ shape, data }) => [shape, data]),
      asked.map(({ shape, data }) => [shape, (data as Float32Array).map(value => value * 10)]),
    )
  })
}

const text = (...values: string[]): InferenceRequest => ({
  modelName: 'm',
  inputs: [{ name: 'x', datatype: 'BYTES', shape: [values.length], data: BytesArray.from(values) }],
})

test('datatypes are not mixed, and text is shared out by element', async () => {
  const bed = new BatcherBed(({ inputs }) => ({ outputs: inputs }))
  await bed.warmUp()
  const integers: Tensor = { name: 'x', datatype: 'INT64', shape: [1, 1], data: BigInt64Array.of(-5n) }
  const [abc, floats, def, ghi, whole] = await Promise.all([
    bed.ask(text('abc', '')),
    bed.ask(ofRows(1)),
    bed.ask(text('déf')),
    bed.ask(text('', 'ghi')),
    bed.ask({ modelName: 'm', inputs: [integers] }),
  ])
  assert.deepEqual(
    [abc, def, ghi].map(({ outputs }) => (outputs[0]!.data as BytesArray).toStrings()),
    [['abc', ''], ['déf'], ['', 'ghi']],
  )
  assert.deepEqual(valuesOf(floats), [1])
  assert.deepEqual(whole.outputs[0]!.data, BigInt64Array.of(-5n))
  assert.equal(bed.batches.length, 3)
})

test('parameters and headers of the answer reach every member whole, and are nobody else’s', async () => {
  const bed = new BatcherBed((request, context) => {
    context.setHeader('x-answer', String(context.headers['x-tenant']))
    const { outputs } = tenfold(request, context) as { outputs: Tensor[] }
    return {
      parameters: { text: 'abc', count: 3, list: ['a', 'b'] },
      outputs: outputs.map(output => ({ ...output, parameters: { label: 'abc', number: 7 } })),
    }
  })
  await bed.warmUp()
  const contexts = ['a', 'a', 'a', 'b'].map(tenant => testContext({ headers: { 'x-tenant': tenant } }))
  const answers = await Promise.all(contexts.map((context, index) => bed.ask(ofRows(index), context)))
  assert.equal(bed.batches.length, 2)
  for (const { parameters, outputs } of answers) {
    assert.deepEqual(parameters, { text: 'abc', count: 3, list: ['a', 'b'] })
    assert.deepEqual(outputs[0]!.parameters, { label: 'abc', number: 7 })
    // The first reader empties its own.
    for (const name of Object.keys(parameters)) Reflect.deleteProperty(parameters, name)
    Reflect.deleteProperty(outputs[0]!.parameters, 'label')
  }
  assert.deepEqual(
    contexts.map(({ set }) => set),
    ['a', 'a', 'a', 'b'].map(tenant => ({ 'x-answer': tenant })),
  )
})

test('a bad row fails only its own request, and headers of the batch that failed are forgotten', async () => {
  const bed = new BatcherBed((request, context) => {
    if (valuesOf(request).includes(-1)) context.setHeader('x-bad', 'yes')
    return tenfold(request, context)
  })
  await bed.warmUp()
  const contexts = [testContext(), testContext(), testContext()]
  const [good, bad, fine] = await Promise.allSettled([
    bed.ask(ofRows(1), contexts[0]),
    bed.ask(ofRows(-1), contexts[1]),
    bed.ask(ofRows(2), contexts[2]),
  ])
  assert.deepEqual(valuesOf((good as PromiseFulfilledResult<InferenceResponse>).value), [10])
  assert.deepEqual(valuesOf((fine as PromiseFulfilledResult<InferenceResponse>).value), [20])
  assert.equal(String((bad as PromiseRejectedResult).reason), 'RangeError: -1 is negative')
  assert.deepEqual(
    contexts.map(({ set }) => set),
    [{}, { 'x-bad': 'yes' }, {}],
  )
  assert.deepEqual(
    bed.batches.map(({ requests }) => requests),
    [3, 1, 1, 1],
  )
  assert.deepEqual(bed.warnings, [])
})

test('what says nothing about the rows reaches every member, and is not tried again', async () => {
  for (const code of ['UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'CANCELLED', 'DEADLINE_EXCEEDED'] as const) {
    const bed = new BatcherBed((request, context) => {
      if (request.inputs[0]!.shape[0] === 1) return tenfold(request, context)
      context.setHeader('x-why', code)
      throw new ServingError(code, 'not now')
    })
    await bed.warmUp()
    const contexts = [testContext(), testContext()]
    const results = await Promise.allSettled(contexts.map(context => bed.ask(ofRows(1), context)))
    for (const result of results) assert.equal((result as { reason?: { code?: string } }).reason?.code, code)
    for (const { set } of contexts) assert.deepEqual(set, { 'x-why': code })
    assert.equal(bed.batches.length, 1)
  }
})

test('a header that one of the calls refuses is the failure of that call', async () => {
  for (const code of ['INTERNAL', 'UNAVAILABLE'] as const) {
    const bed = new BatcherBed((request, context) => {
      if (valuesOf(request)[0] !== 0) context.setHeader('x-wrong', '1')
      if (code === 'UNAVAILABLE' && valuesOf(request).length > 1) throw new ServingError(code, 'not now')
      return tenfold(request, context)
    })
    await bed.warmUp()
    const refused = new ServingError('INTERNAL', 'refused')
    const strict = { ...testContext(), setHeader: () => assert.fail(refused) }
    const results = await Promise.allSettled([bed.ask(ofRows(1)), bed.ask(ofRows(2), strict)])
    assert.equal((results[1] as PromiseRejectedResult).reason, refused)
    assert.equal(results[0].status, code === 'INTERNAL' ? 'fulfilled' : 'rejected')
  }
})

for (const [what, wrong] of [
  ['one row for all', { outputs: [rows(1)] }],
  ['no outputs', { outputs: [] }],
  ['a scalar', { outputs: [numbers('x', [1])] }],
  ['one output out of two', { outputs: [rows(1, 2, 3), rows(1)] }],
] as const) {
  test(`a model that answers several rows with ${what} is asked for each request alone from then on`, async () => {
    const bed = new BatcherBed((request, context) =>
      valuesOf(request).length > 1 ? wrong : tenfold(request, context),
    )
    await bed.warmUp()
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all([1, 2, 3].map(value => bed.ask(ofRows(value))))
      assert.deepEqual(answers.map(valuesOf), [[10], [20], [30]])
    }
    assert.deepEqual(
      shapesSeen(bed).map(shape => shape![0]),
      [3, ...Array.from({ length: 9 }, () => 1)],
    )
    assert.equal(bed.warnings.length, 1)
    assert.match(
      bed.warnings[0]!,
      /^Model m answered 3 rows with (no outputs|output 'x' of shape \[(1,1)?\]); /,
    )
  })
}

test('a model that adds up its rows answers as it would alone, even where the number of rows agrees by chance', async () => {
  const bed = new BatcherBed(request => {
    const total = valuesOf(request).reduce((sum, value) => sum + value, 0)
    return { outputs: [rows(total, -total)] }
  })
  const answers = await Promise.all([bed.ask(ofRows(1)), bed.ask(ofRows(2)), bed.ask(ofRows(3, 4))])
  assert.deepEqual(answers.map(valuesOf), [
    [1, -1],
    [2, -2],
    [7, -7],
  ])
  assert.equal(bed.warnings.length, 1)
})

test('streams go past the batcher, with one warning', async () => {
  const bed = new BatcherBed(tenfold)
  const stream = async () => {
    const requests = (async function* () {
      yield ofRows(1)
      yield ofRows(2)
    })()
    return Array.fromAsync(bed.batcher.predictStream(requests, testContext()), valuesOf)
  }
  assert.deepEqual(await stream(), [[10], [20]])
  assert.deepEqual(await stream(), [[10], [20]])
  assert.equal(bed.warnings.length, 1)
  assert.match(bed.warnings[0]!, /^Model m: .*not supported for inference streaming/)
  assert.equal(bed.statistics.batchCount, 0)
})

test('what the contract refuses never gets into a batch', async () => {
  const bed = new BatcherBed(tenfold)
  const twice = { ...ofRows(1), outputs: [{ name: 'x' }, { name: 'x' }] }
  await assert.rejects(bed.ask(twice), { code: 'INVALID_ARGUMENT' })
  assert.throws(() => bed.batcher.admit(twice), { code: 'INVALID_ARGUMENT' })
  assert.equal(bed.batcher.model.settings.name, 'm')
  assert.equal(bed.statistics.batchCount, 0)
})
