import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type InferenceRequest, ServingError } from '@millrace/sdk'
import { collect, createPoolBed, KINDS, modelCode, saidBy, saying, testCall } from './pool-bed.ts'

async function* requests(...texts: readonly string[]): AsyncGenerator<InferenceRequest> {
  for (const text of texts) yield { ...saying(text), id: text }
}

for (const kind of KINDS) {
  test(`${kind}: a stream keeps its order, and each response has the id of its request`, async t => {
    const bed = await createPoolBed(t, kind)
    const model = await bed.load(
      'test',
      modelCode(`
      async *predictStream(requests) {
        for await (const request of requests) {
          for (let index = 0; index < 20; index++) yield say(textOf(request), index)
        }
      }`),
    )
    const responses = await collect(model.predictStream(requests('a', 'b', 'c'), testCall()))
    const expected = ['a', 'b', 'c'].flatMap(text =>
      Array.from({ length: 20 }, (_, index) => [text, `${text} ${index}`]),
    )
    assert.deepEqual(
      responses.map(response => [response.id, saidBy(response)]),
      expected,
    )
  })

  test(`${kind}: a model without predictStream answers one request after the other`, async t => {
    const bed = await createPoolBed(t, kind)
    const model = await bed.load('test', modelCode(`predict(request) { return say(textOf(request)) }`))
    const texts = Array.from({ length: 30 }, (_, index) => `text ${index}`)
    const responses = await collect(model.predictStream(requests(...texts), testCall()))
    assert.deepEqual(responses.map(saidBy), texts)
    assert.deepEqual(
      responses.map(({ id }) => id),
      texts,
    )
  })

  test(`${kind}: a model is asked for a few responses ahead of the reader and no more`, async t => {
    const bed = await createPoolBed(t, kind)
    const model = await bed.load(
      'test',
      modelCode(`
      made = 0
      predict() { return say(this.made) }
      async *predictStream(requests) {
        for await (const _ of requests) while (true) yield say(++this.made)
      }`),
    )
    const stream = model.predictStream(requests('go'), testCall())[Symbol.asyncIterator]()
    const madeAfterwards = async () => Number(saidBy(await model.predict(saying('made?'), testCall())))
    for (let read = 1; read <= 10; read++) {
      const { value } = (await stream.next()) as IteratorYieldResult<never>
      assert.equal(saidBy(value), String(read))
      // Two turns of its event loop, so that all it may make is made.
      await madeAfterwards()
      assert.ok((await madeAfterwards()) <= read + 6)
    }
    await stream.return?.()
    const made = await madeAfterwards()
    assert.equal(await madeAfterwards(), made)
  })

  test(`${kind}: requests are read only as the model asks for them`, async t => {
    const bed = await createPoolBed(t, kind)
    const model = await bed.load(
      'test',
      modelCode(`
      async *predictStream(requests) {
        let count = 0
        for await (const request of requests) { yield say(textOf(request)); if (++count === 3) return }
      }`),
    )
    const read: string[] = []
    let isClosed = false
    const endless = async function* () {
      try {
        for (let index = 0; ; index++) {
          read.push(String(index))
          yield saying(String(index))
        }
      } finally {
        isClosed = true
      }
    }
    const responses = await collect(model.predictStream(endless(), testCall()))
    assert.deepEqual(responses.map(saidBy), ['0', '1', '2'])
    assert.deepEqual(read, ['0', '1', '2'])
    assert.ok(isClosed)
  })

  test(`${kind}: whoever leaves a stream closes the model's generator`, async t => {
    const bed = await createPoolBed(t, kind)
    const model = await bed.load(
      'test',
      modelCode(`
      async *predictStream(requests, { log }) {
        try {
          for await (const request of requests) while (true) yield say(textOf(request))
        } finally {
          await new Promise(resolve => setTimeout(resolve, 5))
          log.info('closed')
        }
      }`),
    )
    const call = testCall()
    for await (const response of model.predictStream(requests('x'), call)) {
      assert.equal(saidBy(response), 'x')
      break
    }
    assert.deepEqual(
      call.entries.map(({ message }) => message),
      ['closed'],
    )
    assert.equal((await bed.pools.statistics())[0]!.inFlightCount, 0)
  })

  test(`${kind}: a model that waits for a request is woken when the reader leaves`, async t => {
    const bed = await createPoolBed(t, kind)
    const model = await bed.load(
      'test',
      modelCode(`
      async *predictStream(requests, { log }) {
        for await (const request of requests) {
          yield say(textOf(request))
          // Asked for ahead of the reader.
        }
        log.info('no more')
      }`),
    )
    const stop = Promise.withResolvers<never>()
    const waiting = async function* () {
      yield saying('first')
      yield await stop.promise
    }
    const call = testCall()
    const stream = model.predictStream(waiting(), call)[Symbol.asyncIterator]()
    await stream.next()
    await stream.return?.()
    assert.deepEqual(
      call.entries.map(({ message }) => message),
      ['no more'],
    )
  })

  test(`${kind}: errors in the middle, of the model and of the requests`, async t => {
    const bed = await createPoolBed(t, kind)
    const model = await bed.load(
      'test',
      modelCode(`
      async *predictStream(requests, context) {
        for await (const request of requests) {
          context.setHeader('x-seen', textOf(request))
          yield say(textOf(request))
          if (textOf(request) === 'fail') throw new RangeError('failed')
        }
      }`),
    )
    const read = async (stream: AsyncIterable<InferenceRequest>, call = testCall()) => {
      const texts: string[] = []
      try {
        for await (const response of model.predictStream(stream, call)) texts.push(saidBy(response))
      } catch (error) {
        return { texts, error }
      }
      return assert.fail('no error')
    }
    const call = testCall()
    const failed = await read(requests('a', 'fail', 'b'), call)
    assert.deepEqual(failed.texts, ['a', 'fail'])
    assert.equal((failed.error as Error).name, 'RangeError')
    assert.deepEqual(call.headersSet, [
      ['x-seen', 'a'],
      ['x-seen', 'fail'],
    ])

    const broken = new ServingError('CANCELLED', 'the client broke off')
    const brokenOff = await read(
      (async function* () {
        yield saying('a')
        throw broken
      })(),
    )
    assert.deepEqual(brokenOff.texts, ['a'])
    // The same object: the server tells failures of requests from those of models by it.
    assert.equal(brokenOff.error, broken)
  })

  test(`${kind}: an abort reaches a stream`, async t => {
    const bed = await createPoolBed(t, kind)
    const model = await bed.load(
      'test',
      modelCode(`
      async *predictStream(requests, { signal }) {
        for await (const request of requests) {
          yield say('begun')
          await new Promise(resolve => signal.addEventListener('abort', resolve))
          signal.throwIfAborted()
        }
      }`),
    )
    const stop = new AbortController()
    const reason = new ServingError('DEADLINE_EXCEEDED', 'too late')
    const read = async () => {
      for await (const _ of model.predictStream(requests('x'), testCall({ signal: stop.signal })))
        stop.abort(reason)
    }
    await assert.rejects(read(), error => error === reason)
  })

  test(`${kind}: large responses of one memory`, async t => {
    const bed = await createPoolBed(t, kind)
    const model = await bed.load(
      'test',
      modelCode(`
      async *predictStream(requests) {
        for await (const { inputs: [{ data }] } of requests) {
          for (let index = 1; index <= 3; index++) {
            yield { outputs: [{ name: 'o', datatype: 'INT32', shape: [data.length], data: data.fill(index) }] }
          }
        }
      }`),
    )
    const data = new Int32Array(100_000)
    const stream = (async function* () {
      yield {
        modelName: 'test',
        inputs: [{ name: 'i', datatype: 'INT32' as const, shape: [data.length], data }],
      }
    })()
    const responses = await collect(model.predictStream(stream, testCall()))
    assert.deepEqual(
      responses.map(({ outputs: [output] }) => [output!.data.at(0), output!.data.at(-1)]),
      [
        [1, 1],
        [2, 2],
        [3, 3],
      ],
    )
  })
}
