import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { toTensor } from '@millrace/sdk'
import { createGrpcClient } from '@millrace/sdk/client'
import { refusalOf } from './bed/gateway-calls.ts'
import { BUILT_IN, field } from './bed/manager-calls.ts'
import { registerScripted, scripted, startBed } from './bed/up-bed.ts'

const REQUESTS = 1000

const bed = await startBed()
after(() => bed.close())
await registerScripted(bed)

const X = [field('x', 'DOUBLE', [])]
const Y = [field('y', 'DOUBLE', [])]
const LIST = [field('list', 'DOUBLE', [-1])]
const SAME = [field('same', 'DOUBLE', [-1])]
const one = { name: 'x', datatype: 'FP64', shape: [], data: [1] } as const

/** Answers with a number of its own. What it was asked is on its log, and counted by `asked`. */
const says = (number: number) => `let asked = 0
export function predict([{ data: [x] }]) {
  if (x === -1) return [{ name: 'y', datatype: 'FP64', shape: [], data: [asked] }]
  asked += 1
  return [{ name: 'y', datatype: 'FP64', shape: [], data: [${number}] }]
}`
const [first, second, throwing, wide, adds, doubles, lists] = await Promise.all([
  bed.release(scripted('first', says(1), X, Y)),
  bed.release(scripted('second', says(2), X, Y)),
  bed.release(scripted('throwing', 'export const predict = () => { throw new Error("no") }', X, Y)),
  bed.release(
    scripted(
      'wide',
      `export const predict = () => [{ name: 'y', datatype: 'FP64', shape: [], data: [3] }]`,
      [field('x', 'DOUBLE', null)],
      Y,
    ),
  ),
  bed.release(
    scripted(
      'adds',
      `let calls = 0
      export function predict(inputs) {
        const x = inputs.find(({ name }) => name === 'x').data[0]
        if (x === 13) throw { code: 3, details: 'unlucky' }
        const tensor = (name, value) => ({ name, datatype: 'FP64', shape: [], data: [value] })
        return [tensor('y', x + 1), tensor('unasked', 5)]
      }`,
      X,
      [...Y, field('unasked', 'DOUBLE', [])],
    ),
  ),
  bed.release(
    scripted(
      'doubles',
      `let calls = 0
      export function predict(inputs) {
        calls += 1
        const y = inputs.find(({ name }) => name === 'y').data[0]
        const tensor = (name, value) => ({ name, datatype: 'FP64', shape: [], data: [value] })
        return [tensor('z', y * 2), tensor('inputs', inputs.length), tensor('calls', calls)]
      }`,
      Y,
      [field('z', 'DOUBLE', []), field('inputs', 'DOUBLE', []), field('calls', 'DOUBLE', [])],
    ),
  ),
  bed.release(
    scripted(
      'lists',
      `export const predict = ([{ shape, data }]) => [{ name: 'same', datatype: 'FP64', shape, data }]`,
      LIST,
      SAME,
    ),
  ),
])

/** How often each answer came. */
async function answersOf(application: string, count: number): Promise<ReadonlyMap<unknown, number>> {
  const found = new Map<unknown, number>()
  let left = count
  const caller = async () => {
    while (left > 0) {
      left -= 1
      const { status, json } = await bed.ask(application, { x: 1 })
      assert.equal(status, 200, JSON.stringify(json))
      found.set(json['y'], (found.get(json['y']) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: 8 }, caller))
  return found
}

/** How many requests a servable of an application has had. */
async function askedOf(application: string, variant: number): Promise<number> {
  const { executionGraph } = await bed.applicationIn(application, 'Ready')
  const { servableName } = executionGraph.stages[0]!.modelVariants[variant]!
  const outputs = await bed.gateway.predict('PredictServable', servableName!, [{ ...one, data: [-1] }])
  return Number((outputs.get('y')!.data as Float64Array)[0])
}

suite('pipelines', { concurrency: 1 }, () => {
  test('check 66: a stage gets what it declares of the one before; after a failure nobody is asked', async () => {
    await bed.ready('pipe', [[[adds.id, 100]], [[doubles.id, 100]]])
    assert.deepEqual(await bed.ask('pipe', { x: 4 }), { status: 200, json: { z: 10, inputs: 1, calls: 1 } })
    const failed = await bed.ask('pipe', { x: 13 })
    assert.match(failed.json['information'] as string, /INVALID_ARGUMENT: unlucky/)
    assert.deepEqual((await bed.ask('pipe', { x: 0 })).json, { z: 2, inputs: 1, calls: 2 })
  })

  test('check 12: 20 MB pass in both directions', async () => {
    const builtIn = await bed.release({
      ...scripted('lists-built-in', '', LIST, SAME),
      files: { 'src/func_main.mjs': 'export const act = ({ list }) => ({ same: list })\n' },
      runtime: BUILT_IN,
    })
    await bed.ready('large', [[[lists.id, 100]]])
    await bed.ready('large-built-in', [[[builtIn.id, 100]]])
    const data = new Float64Array(2_500_000).fill(0.5)
    for (const name of ['large', 'large-built-in']) {
      const outputs = await bed.gateway.predict('PredictApplication', name, [
        { name: 'list', datatype: 'FP64', shape: [data.length], data },
      ])
      assert.equal(outputs.get('same')?.data.length, data.length)
    }
  })
})

suite('variants', { concurrency: 1 }, () => {
  test('check 67: a share is as large as the weight', async () => {
    await bed.ready('shared', [
      [
        [first.id, 80],
        [second.id, 20],
      ],
    ])
    const answers = await answersOf('shared', REQUESTS)
    // Five standard deviations to either side.
    const share = answers.get(1)! / REQUESTS
    assert.ok(Math.abs(share - 0.8) < 0.064, `80 % got ${share}`)
  })

  test('check 68: every variant gets every request, and weight 0 never answers', async () => {
    await bed.ready('shadowed', [
      [
        [first.id, 100],
        [second.id, 0],
      ],
    ])
    assert.deepEqual([...(await answersOf('shadowed', 200)).keys()], [1])
    assert.equal(await askedOf('shadowed', 0), 200)
    assert.equal(await askedOf('shadowed', 1), 200)
    await bed.ready('shadowed-first', [
      [
        [second.id, 0],
        [first.id, 100],
      ],
    ])
    assert.deepEqual([...(await answersOf('shadowed-first', 100)).keys()], [1])
  })

  test("check 69: what a variant fails with that was not picked is nobody's business", async () => {
    await bed.ready('with-failing', [
      [
        [first.id, 100],
        [throwing.id, 0],
      ],
    ])
    assert.deepEqual([...(await answersOf('with-failing', 50)).keys()], [1])
    await bed.ready('with-wide', [
      [
        [wide.id, 100],
        [first.id, 0],
      ],
    ])
    // The shadow takes a scalar only, and the one that answers any shape.
    const list = { name: 'x', datatype: 'FP64', shape: [2], data: [1, 2] } as const
    const outputs = await bed.gateway.predict('PredictApplication', 'with-wide', [list])
    assert.deepEqual(outputs.get('y')?.data, Float64Array.of(3))
  })

  test('check 70: two variants of equal weight both answer', async () => {
    await bed.ready('halves', [
      [
        [first.id, 50],
        [second.id, 50],
      ],
    ])
    assert.deepEqual(
      [...(await answersOf('halves', 60)).keys()].toSorted((a, b) => Number(a) - Number(b)),
      [1, 2],
    )
  })
})

suite('gRPC', { concurrency: 1 }, () => {
  test('check 71: the methods of the gateway in the third generation', async () => {
    const { executionGraph } = await bed.ready('called', [[[first.id, 100]]])
    const { servableName } = executionGraph.stages[0]!.modelVariants[0]!
    const byApplication = await bed.gateway.predict('PredictApplication', 'called', [one])
    assert.deepEqual(byApplication.get('y')?.data, Float64Array.of(1))
    for (const method of ['PredictServable', 'ShadowlessPredictServable'] as const) {
      for (const generation of ['G2', 'G3'] as const) {
        const outputs = await bed.gateway.predict(method, servableName!, [one], generation)
        assert.deepEqual(outputs.get('y')?.data, Float64Array.of(1), `${method} of ${generation}`)
      }
    }
  })

  test('check 71: Predict of the second generation finds servables and applications by model_spec.name', async () => {
    const { executionGraph } = await bed.ready('named', [[[second.id, 100]]])
    const { servableName } = executionGraph.stages[0]!.modelVariants[0]!
    for (const name of ['named', servableName!]) {
      const outputs = await bed.gateway.predictModel(name, [one])
      assert.deepEqual(outputs.get('y')?.data, Float64Array.of(2))
    }
    const { details } = await refusalOf(bed.gateway.predictModel(undefined, [one]))
    assert.match(details, /ModelSpec is not defined/)
  })

  test('check 71: an application and a servable are models of the Open Inference Protocol, too', async t => {
    const { executionGraph } = await bed.ready('as-model', [[[first.id, 100]]])
    const { servableName } = executionGraph.stages[0]!.modelVariants[0]!
    const inputs = [{ name: 'x', datatype: 'FP64', shape: [], data: [1] }]
    for (const name of ['as-model', servableName!]) {
      const { outputs } = await bed.ok<{ outputs: readonly object[] }>('POST', `/v2/models/${name}/infer`, {
        inputs,
      })
      assert.partialDeepStrictEqual(outputs, [{ name: 'y', datatype: 'FP64', data: [1] }])
    }
    const client = createGrpcClient({ target: bed.up.grpc })
    t.after(() => client.close())
    const answer = await client.infer({ modelName: 'as-model', inputs: [toTensor(one)] })
    assert.deepEqual(answer.outputs[0]?.data, Float64Array.of(1))
  })

  test("check 9: the path that the message's package suggests is nobody's", async () => {
    const path = '/hydrosphere.tensorflow.serving.PredictionService/Predict'
    assert.equal((await refusalOf(bed.gateway.unary(path, new Uint8Array()))).code, 'UNIMPLEMENTED')
  })

  test('check 55: tensors are held to the signature, too', async () => {
    const missing = await refusalOf(bed.gateway.predict('PredictApplication', 'called', []))
    assert.match(missing.details, /Missing field x/)
    const typed = { name: 'x', datatype: 'INT64', shape: [], data: [1n] } as const
    const mistyped = await refusalOf(bed.gateway.predict('PredictApplication', 'called', [typed]))
    assert.match(mistyped.details, /Expected DT_DOUBLE data type for field x, got DT_INT64/)
    const unknown = await refusalOf(bed.gateway.predict('PredictApplication', 'nobody', [one]))
    assert.match(unknown.details, /nobody/)
  })
})
