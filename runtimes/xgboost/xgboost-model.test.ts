import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { ModelSettings, TensorLike } from '@millrace/sdk'
import { loadForTest, type TestedModel } from '@millrace/sdk/testing'
import { XgboostModel } from './index.ts'

/** Two features, the first below 1 left; leaves 3 and 4 of node 2. Missing: left, then right. */
const tree = {
  left_children: [1, -1, 3, -1, -1],
  right_children: [2, -1, 4, -1, -1],
  split_indices: [0, 0, 1, 0, 0],
  split_conditions: [1, -2, 5, 0.5, 4],
  default_left: [1, 0, 0, 0, 0],
  tree_param: { size_leaf_vector: '1' },
}

interface Parts {
  readonly objective?: string
  readonly attributes?: Readonly<Record<string, string>>
  readonly names?: readonly string[]
  readonly classCount?: number
  readonly trees?: number
}

function documentOf({
  objective = 'reg:squarederror',
  attributes = {},
  names = [],
  classCount = 0,
  trees = 3,
}: Parts) {
  const many = Array.from({ length: trees }, () => tree)
  const width = Math.max(classCount, 1)
  return {
    version: [3, 2, 0],
    learner: {
      attributes,
      feature_names: names,
      objective: { name: objective },
      learner_model_param: {
        num_feature: '2',
        num_class: String(classCount),
        num_target: '1',
        base_score: '5E-1',
      },
      gradient_booster: {
        name: 'gbtree',
        model: {
          gbtree_model_param: { num_parallel_tree: '1' },
          tree_info: many.map((_, index) => index % width),
          trees: many,
        },
      },
    },
  }
}

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'xgboost-model-'))
})
after(() => rm(folder, { recursive: true }))

/** The first value of the first output. */
function firstOf({ outputs }: { readonly outputs: readonly { readonly data: unknown }[] }): unknown {
  return (outputs[0]!.data as ArrayLike<unknown>)[0]
}

function refusedOption(extra: Record<string, unknown>, message: string): Promise<void> {
  return assert.rejects(load({}, { extra }), { code: 'INVALID_ARGUMENT', message })
}

/** The margin of a row of zeros. */
async function margin(parts: Parts, extra: Record<string, unknown>): Promise<unknown> {
  await using model = await load(parts, { extra })
  return firstOf(await model.predict([{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [0, 0] }]))
}

let written = 0
async function load(parts: Parts = {}, settings: Partial<ModelSettings> = {}): Promise<TestedModel> {
  const uri = join(folder, `m${written++}.json`)
  await writeFile(uri, JSON.stringify(documentOf(parts)))
  return loadForTest(XgboostModel, { settings: { uri, name: 'm', ...settings } })
}

/** Left; right left; right right; missing (left); right and missing (right). */
const data = [0, 9, 1, 4, 1, 5, Number.NaN, 5, 1, Number.NaN]
const rows: TensorLike = { name: 'anything', datatype: 'FP32', shape: [5, 2], data }
const sums = [-5.5, 2, 12.5, -5.5, 12.5]

test('the file says what goes in and what comes out', async () => {
  await using model = await load()
  assert.deepEqual(model.metadata, {
    inputs: [{ name: 'input-0', datatype: 'FP32', shape: [-1, 2], contentType: 'np' }],
    outputs: [
      { name: 'predict', datatype: 'FP32', shape: [-1, 1] },
      { name: 'margin', datatype: 'FP32', shape: [-1, 1], isOptional: true },
      { name: 'leaf', datatype: 'INT32', shape: [-1, 3], isOptional: true },
    ],
  })
  await using classifier = await load({
    objective: 'multi:softprob',
    classCount: 3,
    attributes: { scikit_learn: '{"_estimator_type": "classifier"}' },
  })
  assert.deepEqual(
    classifier.metadata.outputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
    [
      { name: 'predict', datatype: 'INT64', shape: [-1, 1] },
      { name: 'predict_proba', datatype: 'FP32', shape: [-1, 3] },
      { name: 'margin', datatype: 'FP32', shape: [-1, 3] },
      { name: 'leaf', datatype: 'INT32', shape: [-1, 3] },
    ],
  )
})

test('who asks for no output gets predict alone; others are answered in the order asked for', async () => {
  await using model = await load()
  const { outputs } = await model.predict([rows])
  assert.deepEqual(outputs, [
    { name: 'predict', datatype: 'FP32', shape: [5, 1], data: Float32Array.from(sums) },
  ])
  const asked = (await model.predict([rows], { outputs: ['leaf', 'margin'] })).outputs
  assert.deepEqual(asked[0]?.data, Int32Array.of(1, 1, 1, 3, 3, 3, 4, 4, 4, 1, 1, 1, 4, 4, 4))
  assert.deepEqual(asked[1]?.data, Float32Array.from(sums))
  await assert.rejects(model.predict([rows], { outputs: ['predict_proba'] }), {
    code: 'INVALID_ARGUMENT',
    message: "output 'predict_proba' does not exist; the model has 'predict', 'margin', 'leaf'",
  })
})

test('every datatype of numbers is taken, and BYTES is not', async () => {
  await using model = await load()
  const whole = [0, 9, 1, 4, 1, 5]
  for (const datatype of [
    'FP16',
    'BF16',
    'FP64',
    'INT8',
    'INT16',
    'INT32',
    'INT64',
    'UINT8',
    'UINT16',
    'UINT32',
    'UINT64',
  ] as const) {
    const { outputs } = await model.predict([{ name: 'x', datatype, shape: [3, 2], data: whole }])
    assert.deepEqual(outputs[0]?.data, Float32Array.of(-5.5, 2, 12.5), datatype)
  }
  const { outputs } = await model.predict([
    { name: 'x', datatype: 'BOOL', shape: [1, 2], data: [true, false] },
  ])
  assert.deepEqual(outputs[0]?.data, Float32Array.of(2))
  await assert.rejects(model.predict([{ name: 'x', datatype: 'BYTES', shape: [1, 2], data: ['a', 'b'] }]), {
    code: 'INVALID_ARGUMENT',
    message: "input 'x' has datatype BYTES; expected numbers, such as FP32",
  })
})

test('shapes that do not suit are refused; no rows are no rows', async () => {
  await using model = await load()
  const { outputs } = await model.predict([{ name: 'x', datatype: 'FP32', shape: [0, 2], data: [] }])
  assert.deepEqual(outputs[0]?.shape, [0, 1])
  for (const shape of [[10], [2, 5], [5, 2, 1]])
    await assert.rejects(model.predict([{ ...rows, shape }]), {
      code: 'INVALID_ARGUMENT',
      message: /expected \[-1, 2\]/,
    })
  await assert.rejects(model.predict([rows, { ...rows, name: 'y' }]), {
    code: 'INVALID_ARGUMENT',
    message:
      'the request has 2 inputs; the model has no names of features, so expected is one tensor [-1, 2]',
  })
  await assert.rejects(model.predict([]), { code: 'INVALID_ARGUMENT', message: /the request has no input/ })
})

test('a model with names takes a tensor for each feature, in any order', async () => {
  await using model = await load({ names: ['a', 'b'] })
  const a: TensorLike = { name: 'a', datatype: 'INT32', shape: [3, 1], data: [0, 1, 1] }
  const b: TensorLike = { name: 'b', datatype: 'FP64', shape: [3], data: [9, 4, 5] }
  assert.deepEqual((await model.predict([b, a])).outputs[0]?.data, Float32Array.of(-5.5, 2, 12.5))
  assert.deepEqual((await model.predict([rows])).outputs[0]?.data, Float32Array.from(sums))
  const refused = (inputs: TensorLike[], message: string) =>
    assert.rejects(model.predict(inputs), { code: 'INVALID_ARGUMENT', message })
  await refused([b], "input 'a' is missing; the model was trained with 2 features")
  await refused([a, { ...b, name: 'c' }], "unexpected input 'c'; the model has the features 'a', 'b'")
  await refused([a, a], "input 'a' is given twice")
  await refused([a, { ...b, shape: [1], data: [1] }], "input 'b' has 1 rows, input 'a' 3")
  await refused(
    [a, { ...b, shape: [1, 3] }],
    "input 'b' has shape [1,3]; a feature has shape [-1] or [-1, 1]",
  )
})

test('extra.missing is missing beside NaN, and the memory of the request stays as it is', async () => {
  await using model = await load({}, { extra: { missing: -999 } })
  const given = Float32Array.of(-999, 5, 1, -999, Number.NaN, 5)
  const { outputs } = await model.predict([{ name: 'x', datatype: 'FP32', shape: [3, 2], data: given }])
  assert.deepEqual(outputs[0]?.data, Float32Array.of(-5.5, 12.5, -5.5))
  assert.deepEqual(given, Float32Array.of(-999, 5, 1, -999, Number.NaN, 5))
})

test('rounds are those of the setting, else those up to the best, else all', async () => {
  const attributes = { best_iteration: '0' }
  assert.equal(await margin({}, {}), -5.5)
  assert.equal(await margin({ attributes }, {}), -1.5)
  assert.equal(await margin({ attributes }, { iteration_range: [0, 0] }), -5.5)
  assert.equal(await margin({ attributes }, { iteration_range: [1, 3] }), -3.5)
  await assert.rejects(margin({}, { iteration_range: [0, 4] }), {
    code: 'FAILED_PRECONDITION',
    message: /iteration_range ends at 4; the model has 3 rounds/,
  })
})

test('options that are none are refused', async () => {
  await refusedOption(
    { threads: 1 },
    'parameters.extra.threads is not an option; options are missing, iteration_range',
  )
  await refusedOption({ missing: 'x' }, 'parameters.extra.missing is "x"; allowed is a number, or "NaN"')
  for (const range of [[1], [2, 1], [0, 1.5], [-1, 2], 'all'])
    await assert.rejects(
      load({}, { extra: { iteration_range: range } }),
      /iteration_range is .*; allowed is \[begin, end\]/,
    )
})

test('a classifier of scikit-learn predicts labels, and probabilities of both sides', async () => {
  const attributes = { scikit_learn: '{"_estimator_type": "classifier"}' }
  await using model = await load({ objective: 'binary:logistic', attributes, trees: 1 })
  const { outputs } = await model.predict([rows], { outputs: ['predict', 'predict_proba'] })
  assert.deepEqual(outputs[0]?.data, BigInt64Array.of(0n, 1n, 1n, 0n, 1n))
  const positive = Math.fround(1 / (1 + Math.exp(2)))
  assert.deepEqual(
    [...(outputs[1]!.data as Float32Array).subarray(0, 2)],
    [Math.fround(1 - positive), positive],
  )
  await using plain = await load({ objective: 'binary:logistic', trees: 1 })
  assert.equal(firstOf(await plain.predict([rows])), positive)
})

test('declared inputs and outputs are enforced as declared', async () => {
  const inputs = [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }] as const
  const outputs = [{ name: 'margin', datatype: 'FP32', shape: [-1, 1] }] as const
  await using model = await load({}, { inputs })
  await assert.rejects(model.predict([rows]), /unexpected input 'anything'; the model declares 'x'/)
  assert.equal((await model.predict([{ ...rows, name: 'x' }])).outputs.length, 1)
  await using named = await load({}, { outputs })
  assert.deepEqual(
    (await named.predict([rows], { outputs: ['margin'] })).outputs[0]?.data,
    Float32Array.from(sums),
  )
  await assert.rejects(
    load({}, { outputs: [{ ...outputs[0], name: 'score' }] }),
    /the settings declare output 'score' FP32 \[-1,1\]; the model has 'predict' FP32 \[-1,1\], 'margin'/,
  )
})

test('well-known names in a folder are found, whatever form is in them', async () => {
  const own = await mkdtemp(join(folder, 'repository-'))
  await assert.rejects(loadForTest(XgboostModel, { settings: { uri: own } }), {
    code: 'FAILED_PRECONDITION',
    message: /it is a folder without model.bst, model.json or model.ubj/,
  })
  const ubj = await readFile(new URL('test-models/model-0.ubj', import.meta.url))
  await writeFile(join(own, 'model.ubj'), ubj)
  await using binary = await loadForTest(XgboostModel, { settings: { uri: own } })
  assert.notEqual(binary.metadata.inputs[0]?.shape[1], 2)
  await writeFile(join(own, 'model.bst'), JSON.stringify(documentOf({})))
  await using text = await loadForTest(XgboostModel, { settings: { uri: own } })
  assert.equal(text.metadata.inputs[0]?.shape[1], 2)
  await assert.rejects(loadForTest(XgboostModel, { settings: { uri: 's3://bucket/model.json' } }), {
    code: 'FAILED_PRECONDITION',
    message: /allowed is a local path/,
  })
})

test('answers are fresh memory, and many rows are what each is alone', async () => {
  await using model = await load()
  const first = (await model.predict([rows])).outputs[0]!.data as Float32Array
  const second = (await model.predict([rows])).outputs[0]!.data as Float32Array
  assert.notEqual(first.buffer, second.buffer)
  for (let row = 0; row < 5; row++) {
    const one = await model.predict([{ ...rows, shape: [1, 2], data: data.slice(row * 2, row * 2 + 2) }])
    assert.equal(firstOf(one), first[row])
  }
})

test('after unload a model answers no more', async () => {
  const model = await load()
  await model.unload()
  await assert.rejects(model.predict([rows]), { code: 'UNAVAILABLE' })
})
