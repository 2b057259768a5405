import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { type InferenceRequest, type InferenceResponse, ServingError, type Tensor } from '@millrace/sdk'
import { IMPORTS, openBed, SKIP } from './python-bed.ts'

const x: Tensor = { name: 'x', datatype: 'INT64', shape: [1], data: BigInt64Array.of(5n) }
const request = (value = 5n): InferenceRequest => ({
  modelName: 'bed',
  inputs: [{ ...x, data: BigInt64Array.of(value) }],
})
async function* requests(...values: InferenceRequest[]) {
  yield* values
}
const valueOf = (response: InferenceResponse) => Number(response.outputs[0]!.data.at(0))

async function* broken() {
  yield request(1n)
  throw new ServingError('INVALID_ARGUMENT', 'half a request')
}

const COUNT = `${IMPORTS}
class Model(MLModel):
    made = 0
    closed = 0
    async def predict(self, payload):
        return answer(self, state=np.array([self.made, self.closed]))
    async def predict_stream(self, payloads):
        try:
            async for payload in payloads:
                for index in range(int(payload.inputs[0].data[0])):
                    self.made += 1
                    yield answer(self, y=np.array([index]))
        finally:
            self.closed += 1
`

suite('streams', { skip: SKIP }, () => {
  test('every response in order, for one request and for several', async () => {
    await using bed = await openBed(COUNT)
    const one = await Array.fromAsync(bed.bound.predictStream(requests(request(20n)), bed.context()))
    assert.deepEqual(
      one.map(valueOf),
      Array.from({ length: 20 }, (_, index) => index),
    )
    const several = bed.bound.predictStream(requests(request(2n), request(0n), request(3n)), bed.context())
    assert.deepEqual((await Array.fromAsync(several)).map(valueOf), [0, 1, 0, 1, 2])
    assert.deepEqual(await Array.fromAsync(bed.bound.predictStream(requests(), bed.context())), [])
  })

  test('a model does not run ahead of who reads, and ends when nobody does', async () => {
    await using bed = await openBed(COUNT)
    let taken = 0
    for await (const _response of bed.bound.predictStream(requests(request(1_000_000n)), bed.context())) {
      if (++taken === 3) {
        const { outputs } = await bed.ask([x])
        // Three taken, eight that may be under way, and one that waits to be sent.
        assert.ok(Number(outputs[0]!.data.at(0)) <= 12)
        break
      }
    }
    for (let closed = 0n; closed !== 1n; ) {
      const { outputs } = await bed.ask([x])
      closed = outputs[0]!.data.at(1) as bigint
    }
  })

  test('the next request is fetched when the model asks for it', async () => {
    await using bed = await openBed(COUNT)
    let fetched = 0
    async function* counted() {
      for (let index = 0; index < 5; index++) {
        fetched++
        yield request(20n)
      }
    }
    const seen: number[] = []
    for await (const _response of bed.bound.predictStream(counted(), bed.context())) seen.push(fetched)
    assert.equal(fetched, 5)
    assert.equal(seen.length, 100)
    assert.equal(seen[0], 1)
  })

  test('an error after some responses, and one of the requests', async () => {
    await using bed = await openBed(`${IMPORTS}
class Model(MLModel):
    async def predict_stream(self, payloads):
        async for payload in payloads:
            yield answer(self, y=np.array([1]))
            if payload.inputs[0].data[0] == 0:
                raise MLServerError("the rest is lost", 404)
`)
    const read: number[] = []
    await assert.rejects(
      async () => {
        for await (const response of bed.bound.predictStream(requests(request(0n)), bed.context())) {
          read.push(valueOf(response))
        }
      },
      { code: 'NOT_FOUND', message: 'the rest is lost' },
    )
    assert.deepEqual(read, [1])
    await assert.rejects(Array.fromAsync(bed.bound.predictStream(broken(), bed.context())), {
      message: 'half a request',
    })
  })

  test('a class with predict alone streams one answer, one with predict_stream alone does not predict', async () => {
    await using single = await openBed(`${IMPORTS}
class Model(MLModel):
    async def predict(self, payload): return answer(self, y=np.array([7]))
`)
    const responses = await Array.fromAsync(single.bound.predictStream(requests(request()), single.context()))
    assert.deepEqual(responses.map(valueOf), [7])
    await using stream = await openBed(COUNT.replace(/ {4}async def predict\(.*\n.*\n/, ''))
    await assert.rejects(stream.ask([x]), {
      message: 'NotImplementedError: predict() method not implemented',
    })
  })
})

suite('withdrawn requests', { skip: SKIP }, () => {
  test('the asyncio task of a request that is withdrawn is cancelled', async () => {
    await using bed = await openBed(`${IMPORTS}
class Model(MLModel):
    async def predict(self, payload):
        if payload.parameters.what == "wait":
            print("waiting")
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                print("cancelled")
                raise
        return answer(self, y=np.array([1]))
`)
    const controller = new AbortController()
    const asked = bed.ask([x], { parameters: { what: 'wait' }, signal: controller.signal })
    await bed.logged('waiting')
    const reason = new ServingError('CANCELLED', 'the client went away')
    controller.abort(reason)
    await assert.rejects(asked, reason)
    await bed.logged('cancelled')
    await bed.ask([x], { parameters: { what: 'go' } })
    await assert.rejects(bed.ask([x], { signal: AbortSignal.abort(reason) }), reason)
  })

  test('a stream that is withdrawn', async () => {
    await using bed = await openBed(COUNT)
    const controller = new AbortController()
    const reason = new ServingError('CANCELLED', 'the client went away')
    await assert.rejects(async () => {
      const context = bed.context({ signal: controller.signal })
      for await (const _response of bed.bound.predictStream(requests(request(1_000_000n)), context)) {
        controller.abort(reason)
      }
    }, reason)
  })

  test('a predict that blocks is left to finish, its process counts as busy, and its answer is dropped', async () => {
    await using bed = await openBed(
      `${IMPORTS}
class Model(MLModel):
    async def predict(self, payload):
        if payload.parameters.what == "block":
            print("blocking")
            while not os.path.exists(os.path.join(os.path.dirname(__file__), "go")):
                time.sleep(0.005)
            print("unblocked")
        return answer(self, y=np.array([os.getpid()]))
`,
      { workerCount: 2 },
    )
    const controller = new AbortController()
    const asked = bed.ask([x], { parameters: { what: 'block' }, signal: controller.signal })
    const { fields } = await bed.logged('blocking')
    const large: Tensor = {
      name: 'x',
      datatype: 'FP32',
      shape: [1_000_000],
      data: new Float32Array(1_000_000),
    }
    controller.abort(new ServingError('CANCELLED', 'the client went away'))
    await assert.rejects(asked, { code: 'CANCELLED' })
    for (let index = 0; index < 5; index++) {
      const { outputs } = await bed.ask([large], { parameters: { what: 'go' } })
      assert.notEqual(Number(outputs[0]!.data.at(0)), fields['pid'])
    }
    await writeFile(join(bed.folder, 'go'), '')
    await bed.logged('unblocked')
  })
})
