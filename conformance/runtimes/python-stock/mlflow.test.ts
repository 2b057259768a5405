import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import {
  hasModules,
  type ModelServer,
  PYTHON,
  runPython,
  startModelServer,
  temporaryFolder,
} from './model-server.ts'

const MLFLOW_PYTHON = process.env['MILLRACE_TEST_MLFLOW'] ?? PYTHON
const skip =
  !(await hasModules(MLFLOW_PYTHON, 'mlflow', 'catboost')) &&
  'MILLRACE_TEST_MLFLOW names no interpreter with mlflow and catboost'

interface Expected {
  readonly trees: readonly number[]
  readonly version: string
}

const column = (name: string, datatype: string, data: readonly unknown[]): object => ({
  name,
  datatype,
  shape: [data.length, 1],
  data,
})
const table = [column('a', 'FP64', [1, 2]), column('b', 'INT64', [10, 20]), column('c', 'BYTES', ['x', 'y'])]

const described = (name: string, datatype: string, contentType: string): object => ({
  name,
  datatype,
  shape: [-1, 1],
  parameters: { content_type: contentType },
})

const field = (name: string): object => ({ name, datatype: 'INT64', shape: [1, 2], data: [1, 2] })

suite('MLflow models', { skip }, () => {
  const disposables = new AsyncDisposableStack()
  let folder: string
  let expected: Expected
  let server: ModelServer
  before(async () => {
    folder = disposables.use(await temporaryFolder()).path
    expected = JSON.parse(await runPython(MLFLOW_PYTHON, 'make-mlflow-models.py', [folder])) as Expected
    server = disposables.use(await startModelServer(join(folder, 'models'), true))
  })
  after(() => disposables.disposeAsync())

  async function outputsOf(model: string, request: unknown): Promise<readonly unknown[]> {
    const { status, body } = await server.infer(model, request)
    assert.equal(status, 200, JSON.stringify(body))
    return (body as { readonly outputs: readonly unknown[] }).outputs
  }

  test('publish their signature as metadata', async () => {
    const { body } = await server.metadata('table')
    const { inputs, outputs } = body as Readonly<Record<'inputs' | 'outputs', unknown>>
    assert.deepEqual(inputs, [
      described('a', 'FP64', 'np'),
      described('b', 'INT64', 'np'),
      described('c', 'BYTES', 'str'),
    ])
    assert.deepEqual(outputs, [described('total', 'FP64', 'np'), described('note', 'BYTES', 'str')])
  })

  test('take tables, with parameters of their own', async () => {
    const total = (data: readonly number[]): object => ({ ...column('total', 'FP64', data) })
    const note = { ...column('note', 'BYTES', ['x!', 'y!']), parameters: { content_type: 'str' } }
    assert.deepEqual(await outputsOf('table', { inputs: table }), [total([11, 22]), note])
    const tripled = await outputsOf('table', { inputs: table, parameters: { factor: 3 } })
    assert.deepEqual(tripled, [total([33, 66]), note])
  })

  test('take columns as vectors, which a contract would refuse', async () => {
    const flat = table.map(one => ({ ...one, shape: [2] }))
    assert.equal((await outputsOf('table', { inputs: flat })).length, 2)
  })

  test('take arrays, arrays by name, text and times', async () => {
    const array = { name: 'any', datatype: 'FP32', shape: [1, 3], data: [1, 2, 3] }
    assert.deepEqual(await outputsOf('double', { inputs: [array] }), [
      {
        name: 'output-1',
        datatype: 'FP32',
        shape: [1, 3],
        data: [2, 4, 6],
        parameters: { content_type: 'np' },
      },
    ])
    assert.deepEqual(await outputsOf('named', { inputs: [field('x'), field('y')] }), [
      { name: 'sum', datatype: 'INT64', shape: [1, 2], data: [2, 4], parameters: { content_type: 'np' } },
    ])
    const words = [
      column('q', 'BYTES', ['hi', 'ho']),
      column('at', 'BYTES', ['2020-01-01', '2021-02-03T04:05:06']),
    ]
    assert.deepEqual(await outputsOf('words', { inputs: words }), [
      {
        name: 'output-1',
        datatype: 'BYTES',
        shape: [2, 1],
        data: ['hi?', 'ho?'],
        parameters: { content_type: 'str' },
      },
    ])
  })

  test('of other flavours work as well', async () => {
    const inputs = [column('u', 'FP64', [1, 2]), column('v', 'FP64', [5, 6])]
    const [output] = await outputsOf('line', { inputs })
    const { data } = output as { readonly data: readonly number[] }
    assert.deepEqual(
      data.map(value => Math.round(value * 1e6) / 1e6),
      [8, 12],
    )
  })

  test('say what does not suit the signature', async () => {
    const { status, body } = await server.infer('table', { inputs: table.slice(0, 2) })
    assert.equal(status, 400)
    assert.match(JSON.stringify(body), /Model is missing inputs \['c'\]/)
  })

  test("answer the routes of MLflow's own server", async () => {
    for (const path of ['/ping', '/health']) {
      assert.deepEqual(await server.request(path), { status: 200, text: '"\\n"' })
    }
    assert.deepEqual(await server.request('/version'), { status: 200, text: `"${expected.version}"` })
  })

  test('without pickles load without permission, and the others do not', async () => {
    await assert.rejects(startModelServer(join(folder, 'models'), false), ({ errors }: AggregateError) => {
      assert.equal(errors.length, 5)
      for (const error of errors) assert.match(String(error), /\.pkl is a pickle/)
      return true
    })
    await using harmless = await startModelServer(join(folder, 'harmless'), false)
    const inputs = [column('u', 'FP64', [0, 1]), column('v', 'FP64', [0, 1])]
    const { body } = await harmless.infer('trees', { inputs })
    const { outputs } = body as { readonly outputs: readonly { readonly data: unknown }[] }
    assert.deepEqual(outputs[0]?.data, expected.trees)

    const post = (type: string, text: string) =>
      harmless.request('/invocations', { method: 'POST', headers: { 'content-type': type }, body: text })
    const answer = { status: 200, text: JSON.stringify({ predictions: expected.trees }) }
    const split = JSON.stringify({
      dataframe_split: {
        columns: ['u', 'v'],
        data: [
          [0, 0],
          [1, 1],
        ],
      },
    })
    const answered = await post('application/json; charset=UTF-8', split)
    assert.deepEqual({ ...answered, text: JSON.stringify(JSON.parse(answered.text)) }, answer)
    const csv = await post('text/csv', 'u,v\n0,0\n1,1\n')
    assert.deepEqual({ ...csv, text: JSON.stringify(JSON.parse(csv.text)) }, answer)
    const refused = [
      ['text/plain', '{}', /content-type is 'text\/plain'/],
      ['text/csv; charset=latin-1', 'u,v\n', /charset latin-1; only UTF-8 is read/],
      ['text/csv; header=present', 'u,v\n', /unknown parameter 'header'/],
      ['application/json', '[]', /JSON list; expected an object/],
      ['application/json', '{', /is no application\/json/],
    ] as const
    for (const [type, text, message] of refused) {
      const { status, text: said } = await post(type, text)
      assert.equal(status, 400, said)
      assert.match(said, message)
    }
  })
})
