import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  DATATYPES,
  dataBytes,
  type NumericDatatype,
  ServingError,
  type Tensor,
  toTensor,
  viewData,
} from '@millrace/sdk'
import { ask, createPoolBed, KINDS, modelCode, requestOf, testCall } from './pool-bed.ts'

const ECHO = modelCode(`predict(request) {
  return { outputs: request.inputs, parameters: request.parameters }
}`)

const input = (...data: number[]) => requestOf({ name: 'in', datatype: 'INT32', shape: [data.length], data })

for (const kind of KINDS) {
  const load = async (t: TestContext, code: string) => {
    const bed = await createPoolBed(t, kind)
    return { ...bed, model: await bed.load('test', code) }
  }

  test(`${kind}: a model's own word on its contract counts before the request crosses`, async t => {
    const bed = await createPoolBed(t, kind)
    const inputs = [{ name: 'declared', datatype: 'INT32' as const, shape: [-1] }]
    const lenient = modelCode(`
      constructor(settings) { this.settings = { ...settings, enforceContract: false }; this.inputs = settings.inputs }
      predict(request) { return { outputs: request.inputs } }`)
    const { outputs } = await (await bed.load('lenient', lenient, { inputs })).predict(
      input(1, 2),
      testCall(),
    )
    assert.equal(outputs[0]?.name, 'in')
    const strict = await bed.load('strict', ECHO, { inputs })
    await assert.rejects(strict.predict(input(1), testCall()), {
      code: 'INVALID_ARGUMENT',
      message: /unexpected input 'in'; the model declares 'declared'/,
    })
  })

  test(`${kind}: values of every datatype, empty ones too`, async t => {
    const { model } = await load(t, ECHO)
    const bytes = Uint8Array.from({ length: 48 }, (_, index) => index * 5)
    const numbers = DATATYPES.filter((datatype): datatype is NumericDatatype => datatype !== 'BYTES')
    const inputs = numbers.flatMap(datatype => {
      const data = viewData(datatype, datatype === 'BOOL' ? bytes.map(byte => byte % 2) : bytes)
      return [
        { name: datatype, datatype, shape: [2, data.length / 2], data, parameters: { unit: 'm' } },
        { name: `no ${datatype}`, datatype, shape: [0, 3], data: data.subarray(0, 0) },
      ] as Tensor[]
    })
    const texts = ['', 'a\0b', new Uint8Array([0, 255, 0]), 'ü'.repeat(99)]
    const request = requestOf(
      ...inputs,
      { name: 'bytes', datatype: 'BYTES', shape: [4], data: texts },
      { name: 'no bytes', datatype: 'BYTES', shape: [0], data: [] },
    )
    const parameters = { big: 2n ** 60n, list: [1, { deep: null }], text: 'x' }
    const response = await model.predict({ ...request, parameters }, testCall())
    assert.deepEqual(response.parameters, parameters)
    assert.equal(response.id, 'one')
    for (const [index, sent] of request.inputs.entries()) {
      const { data, ...rest } = response.outputs[index]!
      assert.deepEqual(
        { ...rest, bytes: dataBytes(data) },
        {
          name: sent.name,
          datatype: sent.datatype,
          shape: sent.shape,
          parameters: sent.parameters,
          bytes: dataBytes(sent.data),
        },
      )
      assert.equal(data.constructor, sent.data.constructor)
    }
  })

  test(`${kind}: 16 MiB there and back, in a part of somebody's memory too`, async t => {
    const { model } = await load(t, ECHO)
    const length = 2 ** 22
    for (const [memoryLength, start] of [
      [length, 0],
      [2 * length, 77],
    ] as const) {
      const memory = new Int32Array(memoryLength)
      for (let index = 0; index < memoryLength; index++) memory[index] = index * 7
      const data = memory.subarray(start, start + length)
      const response = await model.predict(
        requestOf({ name: 'in', datatype: 'INT32', shape: [length], data }),
        testCall(),
      )
      const [output] = response.outputs as readonly [Tensor<'INT32'>]
      assert.equal(output.data.length, length)
      assert.ok(output.data.every((value, index) => value === Math.imul(index + start, 7)))
      // Memory that is somebody else's as well stays.
      if (start > 0) assert.equal(memory.length, memoryLength)
    }
  })

  test(`${kind}: a model may keep its arrays, change them, and answer with the same again`, async t => {
    const { model } = await load(
      t,
      modelCode(`
      own = new Float32Array(40_000)
      kept = []
      predict(request) {
        this.kept.push(request.inputs[0])
        this.own[0] += 1
        const first = { name: 'first', datatype: 'FP32', shape: [1], data: new Float32Array(this.kept[0].data.slice(0, 1)) }
        return { outputs: [{ name: 'own', datatype: 'FP32', shape: [40_000], data: this.own }, first] }
      }`),
    )
    const calls = Array.from({ length: 5 }, (_, index) =>
      model.predict(
        requestOf({
          name: 'in',
          datatype: 'FP32',
          shape: [20_000],
          data: new Float32Array(20_000).fill(index),
        }),
        testCall(),
      ),
    )
    const answers = (await Promise.all(calls)).map(({ outputs }) =>
      outputs.map(({ data }) => [data.length, (data as Float32Array)[0]]),
    )
    assert.deepEqual(
      answers,
      [1, 2, 3, 4, 5].map(count => [
        [40_000, count],
        [1, 0],
      ]),
    )
  })

  test(`${kind}: the contract is enforced before crossing, and answers are checked and converted`, async t => {
    const bed = await createPoolBed(t, kind)
    const inputs = [{ name: 'in', datatype: 'INT32', shape: [2] }] as const
    const outputs = [{ name: 'out', datatype: 'FP32', shape: [2] }] as const
    const model = await bed.load(
      'test',
      modelCode(`predict({ inputs }) {
      return { outputs: [{ name: 'out', datatype: 'FP32', shape: [2], data: inputs[0].data[0] === 1 ? [1, 2] : ['x', 2] }] }
    }`),
      { inputs, outputs },
    )
    const response = await model.predict(input(1, 1), testCall())
    assert.deepEqual(response.outputs[0]!.data, Float32Array.of(1, 2))
    await assert.rejects(model.predict(input(1, 1, 1), testCall()), { code: 'INVALID_ARGUMENT' })
    await assert.rejects(model.predict(input(2, 2), testCall()), {
      code: 'INTERNAL',
      message: /returned a wrong answer/,
    })
    assert.equal((await bed.pools.statistics())[0]!.completedCount, 2)
  })

  test(`${kind}: errors are as if they had been thrown here`, async t => {
    const { model } = await load(
      t,
      modelCode(
        `predict(request) {
        if (textOf(request) === 'serving') throw Object.assign(new Error('no such row'), { [Symbol.for('millrace.ServingError')]: true, code: 'NOT_FOUND', retryAfterMs: 7 })
        if (textOf(request) === 'text') throw 'just text'
        if (textOf(request) === 'parameters') return { outputs: [], parameters: { bad: () => 1 } }
        throw new RangeError('beyond')
      }`,
      ),
    )
    const thrownBy = (text: string) =>
      ask(model, text).then(
        () => assert.fail(),
        (error: unknown) => error,
      )
    const serving = await thrownBy('serving')
    assert.ok(ServingError.is(serving))
    assert.deepEqual([serving.code, serving.message, serving.retryAfterMs], ['NOT_FOUND', 'no such row', 7])
    assert.equal(await thrownBy('text'), 'just text')
    const other = await thrownBy('other')
    assert.ok(other instanceof Error && !ServingError.is(other))
    assert.deepEqual([other.name, other.message], ['RangeError', 'beyond'])
    assert.match(other.stack ?? '', /model\.ts/)
    await assert.rejects(ask(model, 'parameters'), { code: 'INTERNAL', message: /no plain values/ })
  })
}

test('a request that was used up says so', async t => {
  const bed = await createPoolBed(t, 'thread')
  const model = await bed.load('test', ECHO)
  const request = {
    modelName: 'test',
    inputs: [toTensor({ name: 'in', datatype: 'UINT8', shape: [100_000], data: new Uint8Array(100_000) })],
  }
  await model.predict(request, testCall())
  await assert.rejects(model.predict(request, testCall()), /moved to a worker with an earlier request/)
})
