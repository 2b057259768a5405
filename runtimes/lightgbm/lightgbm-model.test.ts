import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  type LoadContext,
  type ModelSettings,
  type RequestContext,
  type TensorLike,
  toTensor,
} from '@millrace/sdk'
import { loadForTest, type TestedModel } from '@millrace/sdk/testing'
import { LightgbmModel } from './index.ts'
import expected from './test-models/expected.json' with { type: 'json' }

/** What different machines' exponential functions and sums of products may differ by. */
const TOLERANCE = 1e-12

const folder = fileURLToPath(import.meta.resolve('./test-models/'))

function load(name: string, settings: Partial<ModelSettings> = {}): Promise<TestedModel> {
  return loadForTest(LightgbmModel, { settings: { uri: `${folder}${name}.txt`, ...settings } })
}

function assertClose(actual: unknown, wanted: readonly (number | string)[]): void {
  assert.ok(actual instanceof Float64Array)
  assert.equal(actual.length, wanted.length)
  for (const [index, value] of wanted.map(Number).entries()) {
    const difference = Math.abs(actual[index]! - value) / Math.max(1, Math.abs(value))
    assert.ok(
      Object.is(actual[index], value) || difference <= TOLERANCE,
      `element ${index} is ${String(actual[index])}, not ${value}`,
    )
  }
}

function matrix(values: readonly (number | string)[], width = 4): TensorLike<'FP64'> {
  const shape = [values.length / width, width]
  return { name: 'anything', datatype: 'FP64', shape, data: Float64Array.from(values, Number) }
}

const ALL = ['predict', 'raw_score', 'leaf_index']

for (const [name, answers] of Object.entries(expected.models)) {
  test(`${name}: predictions, raw scores and leaves are those of LightGBM`, async () => {
    await using model = await load(name)
    const { values } = await model.predict([matrix(answers.rows)], { outputs: ALL })
    assertClose(values['predict'], answers.predict)
    assertClose(values['raw_score'], answers.rawScore)
    assert.deepEqual(values['leaf_index'], Int32Array.from(answers.leafIndex))
  })

  test(`${name}: rows one by one are answered as they are together`, async () => {
    await using model = await load(name)
    const width = answers.predict.length / (answers.rows.length / 4)
    for (let row = 0; row < answers.rows.length / 4; row++) {
      const { values } = await model.predict([matrix(answers.rows.slice(row * 4, row * 4 + 4))])
      assertClose(values['predict'], answers.predict.slice(row * width, (row + 1) * width))
    }
  })
}

test('the contract says what the file says', async () => {
  await using model = await load('dart-softmax')
  assert.deepEqual(model.metadata, {
    inputs: [{ name: 'input-0', datatype: 'FP64', shape: [-1, 4], contentType: 'np' }],
    outputs: [
      { name: 'predict', datatype: 'FP64', shape: [-1, 3], isOptional: false },
      { name: 'raw_score', datatype: 'FP64', shape: [-1, 3], isOptional: true },
      { name: 'leaf_index', datatype: 'INT32', shape: [-1, 9], isOptional: true },
    ],
  })
})

test('only what is asked for is answered, in the order asked for; nothing said means predict', async () => {
  await using model = await load('poisson')
  const rows = [matrix(expected.models.poisson.rows)]
  const names = async (outputs?: readonly string[]) =>
    (await model.predict(rows, outputs === undefined ? {} : { outputs })).outputs.map(({ name }) => name)
  assert.deepEqual(await names(), ['predict'])
  assert.deepEqual(await names(['leaf_index', 'predict']), ['leaf_index', 'predict'])
  await assert.rejects(names(['predict_proba']), {
    code: 'INVALID_ARGUMENT',
    message: "output 'predict_proba' does not exist; the model has 'predict', 'raw_score', 'leaf_index'",
  })
})

test('predict_type makes another output the default', async () => {
  const { rows, rawScore, leafIndex } = expected.models.poisson
  await using raw = await load('poisson', { extra: { predict_type: 'raw_score' } })
  assertClose((await raw.predict([matrix(rows)])).values['raw_score'], rawScore)
  await using leaf = await load('poisson', { extra: { predict_type: 'leaf_index' } })
  assert.deepEqual((await leaf.predict([matrix(rows)])).values, { leaf_index: Int32Array.from(leafIndex) })
})

test('start_iteration and num_iteration choose the trees', async () => {
  const { rows, leafIndex } = expected.models['missing-nan']
  await using model = await load('missing-nan', { extra: { start_iteration: 1, num_iteration: 2 } })
  const { outputs } = await model.predict([matrix(rows)], { outputs: ['leaf_index'] })
  assert.deepEqual(outputs[0]!.shape, [24, 2])
  assert.deepEqual(
    outputs[0]!.data,
    Int32Array.from({ length: 48 }, (_, index) => leafIndex[(index >> 1) * 4 + 1 + (index & 1)]!),
  )
  await using rest = await load('missing-nan', { extra: { start_iteration: 3, num_iteration: 50 } })
  assert.deepEqual(rest.metadata.outputs[2]!.shape, [-1, 1])
  await assert.rejects(load('missing-nan', { extra: { start_iteration: 4 } }), {
    code: 'FAILED_PRECONDITION',
    message: /start_iteration is 4; the model has 4 iterations/,
  })
})

test('every numeric datatype is read', async () => {
  await using model = await load('missing-nan')
  const data = [1, 0, 33, 1, 0, 1, 2, 0]
  const predict = async (tensor: TensorLike) => (await model.predict([tensor])).values['predict']
  const wanted = await predict(matrix(data))
  for (const datatype of [
    'FP16',
    'BF16',
    'FP32',
    'INT8',
    'INT16',
    'INT32',
    'INT64',
    'UINT8',
    'UINT16',
    'UINT32',
    'UINT64',
  ] as const) {
    assert.deepEqual(await predict({ name: 'x', datatype, shape: [2, 4], data }), wanted, datatype)
  }
  const truths = [true, false, false, true]
  assert.deepEqual(
    await predict({ name: 'x', datatype: 'BOOL', shape: [1, 4], data: truths }),
    await predict(matrix([1, 0, 0, 1])),
  )
  assert.deepEqual(await predict(matrix([])), new Float64Array(0))
})

test('integers are rounded to float32, as LightGBM does with an array of them', async () => {
  await using model = await load('linear-leaves')
  const data = [16_777_217n, 1n, 5n, -16_777_219n]
  const { values } = await model.predict([{ name: 'x', datatype: 'INT64', shape: [1, 4], data }])
  assert.deepEqual(values, (await model.predict([matrix([16_777_216, 1, 5, -16_777_220])])).values)
})

test('one tensor for each feature: any order, [n] and [n,1], every datatype', async () => {
  await using model = await load('missing-nan')
  const { values } = await model.predict([
    { name: 'd', datatype: 'FP32', shape: [2], data: [0.5, 0.25] },
    { name: 'kind', datatype: 'INT64', shape: [2, 1], data: [3, 17] },
    { name: 'a', datatype: 'FP64', shape: [2], data: [Number.NaN, 0.1] },
    { name: 'b', datatype: 'BF16', shape: [2, 1], data: [1, -1] },
  ])
  assert.deepEqual(values, (await model.predict([matrix([Number.NaN, 1, 3, 0.5, 0.1, -1, 17, 0.25])])).values)
})

const a: TensorLike = { name: 'a', datatype: 'FP32', shape: [2], data: [1, 2] }
const WRONG: readonly (readonly [string, readonly TensorLike[], RegExp])[] = [
  [
    'no input',
    [],
    /^the request has no inputs; expected one tensor of shape \[-1,4\], or 4 tensors .* named 'a', 'b'/,
  ],
  [
    'too few features',
    [matrix([1, 2, 3], 3)],
    /^input 'anything' has 3 features a row; the model was trained with 4$/,
  ],
  ['too many features', [matrix([1, 2, 3, 4, 5], 5)], /has 5 features a row; the model was trained with 4$/],
  [
    'one row without its dimension',
    [{ ...matrix([1, 2, 3, 4]), shape: [4] }],
    /has shape \[4\]; expected one tensor/,
  ],
  ['one column', [a], /^input 'b' is missing; the model was trained with 4 features/],
  ['an unknown column', [a, { ...a, name: 'z' }], /^unexpected input 'z'/],
  ['a column twice', [a, a], /^input 'a' is given twice/],
  [
    'columns of different length',
    [a, { ...a, name: 'b', shape: [1], data: [1] }],
    /^input 'b' has 1 rows, input 'a' 2$/,
  ],
  ['a column with rows of its own', [{ ...a, shape: [1, 2] }, a], /^input 'a' has shape \[1,2\]/],
  [
    'text',
    [{ name: 'x', datatype: 'BYTES', shape: [1, 4], data: ['1', '2', '3', '4'] }],
    /^unexpected input 'x'/,
  ],
]

for (const [title, inputs, message] of WRONG) {
  test(`${title} is refused`, async () => {
    await using model = await load('missing-nan')
    await assert.rejects(model.predict(inputs), { code: 'INVALID_ARGUMENT', message })
  })
}

test('a table with text: categories by the lists in the file, those that training did not see are missing', async () => {
  await using model = await load('table')
  const { columns, predict, rawScore, leafIndex } = expected.table
  const rows = columns.colour.length
  const numeric = (name: string, data: readonly number[]): TensorLike => ({
    name,
    datatype: 'FP64',
    shape: [rows, 1],
    data,
  })
  const text = (name: string, data: readonly string[]): TensorLike => ({
    name,
    datatype: 'BYTES',
    shape: [rows, 1],
    data,
    parameters: { content_type: 'str' },
  })
  const inputs = [
    numeric('size in cm', columns['size in cm']),
    text('colour', columns.colour),
    text('year', columns.year),
    numeric('weight', columns.weight),
  ]
  const { values } = await model.predict(inputs, { outputs: ALL, parameters: { content_type: 'pd' } })
  assertClose(values['predict'], predict)
  assertClose(values['raw_score'], rawScore)
  assert.deepEqual(values['leaf_index'], Int32Array.from(leafIndex))

  const codes = columns.year.map(year => ['1990', '2000', '2010'].indexOf(year))
  const coded = await model.predict([...inputs.slice(0, 2), numeric('year', codes), inputs[3]!])
  assertClose(coded.values['predict'], predict)

  await assert.rejects(model.predict([text('size_in_cm', columns.colour), ...inputs.slice(1)]), {
    code: 'INVALID_ARGUMENT',
    message:
      "input 'size_in_cm' is text, but the model file has no categories for this feature; expected numbers",
  })
})

test('with the content type pd in the settings a column for each feature is published', async () => {
  await using model = await load('table', { contentType: 'pd' })
  assert.deepEqual(model.metadata.inputs, [
    { name: 'size_in_cm', datatype: 'FP64', shape: [-1, 1] },
    { name: 'colour', datatype: 'BYTES', shape: [-1, 1], contentType: 'str' },
    { name: 'year', datatype: 'BYTES', shape: [-1, 1], contentType: 'str' },
    { name: 'weight', datatype: 'FP64', shape: [-1, 1] },
  ])
  const { values } = await model.predict({ size_in_cm: [0.5], colour: ['blue'], year: ['2000'], weight: [0] })
  const { values: coded } = await model.predict([matrix([0.5, 0, 1, 0])])
  assert.deepEqual(values, coded)
})

test('declared inputs and outputs are enforced', async () => {
  const inputs = [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }] as const
  const outputs = [{ name: 'predict', datatype: 'FP64', shape: [-1, 1] }] as const
  await using model = await load('poisson', { inputs, outputs })
  assert.equal((await model.predict({ x: [1, 2, 3, 4] })).outputs.length, 1)
  await assert.rejects(model.predict([matrix([1, 2, 3, 4])]), {
    code: 'INVALID_ARGUMENT',
    message: /unexpected input/,
  })
  await assert.rejects(model.predict({ x: [1, 2, 3, 4] }, { outputs: ['leaf_index'] }), {
    code: 'INVALID_ARGUMENT',
  })
})

const DISAGREEING: readonly (readonly [Partial<ModelSettings>, RegExp])[] = [
  [
    { inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 5] }] },
    /declare input 'x' as FP32 \[-1,5\]; expected one tensor/,
  ],
  [
    { inputs: [{ name: 'a', datatype: 'FP32', shape: [-1] }] },
    /declare 1 inputs; the model reads one tensor/,
  ],
  [
    { outputs: [{ name: 'label', datatype: 'FP64', shape: [-1, 1] }] },
    /output 'label' .* the model has predict, raw_score/,
  ],
  [{ outputs: [{ name: 'predict', datatype: 'FP32', shape: [-1, 1] }] }, /declare output 'predict' as FP32/],
  [{ outputs: [{ name: 'raw_score', datatype: 'FP64', shape: [-1, 1] }] }, /but not 'predict'/],
]

for (const [settings, message] of DISAGREEING) {
  test(`a declaration at odds with the model fails to load: ${message.source}`, async () => {
    await assert.rejects(load('poisson', settings), { code: 'FAILED_PRECONDITION', message })
  })
}

for (const [extra, message] of [
  [
    { threads: 2 },
    /^parameters\.extra\.threads is not an option; options are predict_type, start_iteration, num_iteration/,
  ],
  [
    { predict_type: 'contrib' },
    /^parameters\.extra\.predict_type is "contrib"; allowed is one of "value", "raw_score"/,
  ],
  [{ num_iteration: 1.5 }, /^parameters\.extra\.num_iteration is 1\.5; allowed is an integer from -1/],
  [{ start_iteration: '3' }, /^parameters\.extra\.start_iteration is "3"/],
] as const) {
  test(`the option ${JSON.stringify(extra)} is refused`, async () => {
    await assert.rejects(load('no-such-file', { extra }), { code: 'INVALID_ARGUMENT', message })
  })
}

test('unload may be repeated, a request after it is refused, and the model can be loaded again', async () => {
  const settings = { name: 'm', folder, uri: `${folder}poisson.txt`, inputs: [], outputs: [], extra: {} }
  const model = new LightgbmModel(settings as unknown as ModelSettings)
  const context = { signal: new AbortController().signal } as LoadContext & RequestContext
  const request = { modelName: 'm', inputs: [toTensor(matrix([1, 2, 3, 4]))] }
  const notLoaded = { code: 'UNAVAILABLE', message: 'Model m is not loaded' }
  assert.throws(() => model.predict(request, context), notLoaded)
  await model.load(context)
  model.unload()
  model.unload()
  assert.throws(() => model.predict(request, context), notLoaded)
  await model.load(context)
  assert.equal((await model.predict(request, context)).outputs.length, 1)
})

test('a long request gives way to others, and stops when its client is gone', async () => {
  await using model = await load('dart-softmax')
  const rows = matrix(Array.from({ length: 4 * 200_000 }, (_, index) => index % 7))
  let turns = 0
  const others = setInterval(() => turns++)
  const { outputs } = await model.predict([rows])
  clearInterval(others)
  assert.ok(turns > 0)
  assert.deepEqual(outputs[0]!.shape, [200_000, 3])
  const last = Array.from({ length: 28 }, (_, index) => (4 * 200_000 - 28 + index) % 7)
  const few = await model.predict([matrix(last)])
  assert.deepEqual((outputs[0]!.data as Float64Array).subarray(-21), few.outputs[0]!.data)

  const gone = new AbortController()
  const asked = model.predict([rows], { signal: gone.signal })
  gone.abort(new Error('gone'))
  await assert.rejects(asked, { message: 'gone' })
})

test('an answer beyond the limit is refused before memory is taken', async () => {
  await using model = await load('dart-softmax')
  const rows = {
    name: 'x',
    datatype: 'UINT8',
    shape: [15_000_000, 4],
    data: new Uint8Array(60_000_000),
  } as const
  await assert.rejects(model.predict([rows], { outputs: ['leaf_index'] }), {
    code: 'INVALID_ARGUMENT',
    message:
      '15000000 rows need an output of 135000000 numbers; at most 134217728 are allowed, so send fewer rows',
  })
})
