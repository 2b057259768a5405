import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { type ModelServer, PYTHON, runPython, startModelServer, temporaryFolder } from './model-server.ts'

const CASE_COUNT = 11

interface Case {
  readonly model: string
  readonly request: Readonly<Record<string, unknown>>
  /** What the library answers, by the names of outputs. */
  readonly answers: Readonly<
    Record<string, { readonly data: readonly unknown[]; readonly shape: readonly number[] }>
  >
}

interface Body {
  readonly outputs: readonly {
    readonly name: string
    readonly datatype: string
    readonly shape: unknown
    readonly data: readonly unknown[]
  }[]
}

/** JSON has as many digits of a float32 as tell it from its neighbours. */
const single = (value: unknown): unknown => (typeof value === 'number' ? Math.fround(value) : value)

suite('CatBoost, and pickled XGBoost and LightGBM, answer as their libraries', () => {
  const disposables = new AsyncDisposableStack()
  let cases: readonly Case[]
  let server: ModelServer
  let folder: string
  before(async () => {
    folder = disposables.use(await temporaryFolder()).path
    await runPython(PYTHON, 'make-tree-models.py', [folder])
    cases = JSON.parse(await readFile(join(folder, 'cases.json'), 'utf8')) as readonly Case[]
    server = disposables.use(await startModelServer(join(folder, 'models'), true))
  })
  after(() => disposables.disposeAsync())

  test('every model', async t => {
    assert.equal(cases.length, CASE_COUNT)
    for (const { model, request, answers } of cases) {
      await t.test(model, async () => {
        const { status, body } = await server.infer(model, request)
        assert.equal(status, 200, JSON.stringify(body))
        const { outputs } = body as Body
        assert.deepEqual(
          outputs.map(({ name, shape, datatype, data }) => ({
            name,
            shape,
            data: datatype === 'FP32' ? data.map(single) : data,
          })),
          Object.entries(answers).map(([name, { shape, data }]) => ({ name, shape, data })),
        )
      })
    }
  })

  test('what a model does not offer, or cannot take, is the fault of the request', async () => {
    const ranks = cases.find(({ model }) => model === 'cat-ranks')!
    const probabilities = await server.infer('cat-ranks', {
      ...ranks.request,
      outputs: [{ name: 'predict_proba' }],
    })
    assert.deepEqual(probabilities, {
      status: 400,
      body: { error: "CatBoostRanker has no 'predict_proba'" },
    })
    const narrow = { inputs: [{ name: 'rows', shape: [1, 2], datatype: 'FP64', data: [1, 2] }] }
    const refused = await server.infer('cat-classes', narrow)
    assert.equal(refused.status, 400, JSON.stringify(refused))
  })

  test('CatBoost models are no pickles: they load without permission', async () => {
    const models = join(folder, 'alone', 'cat')
    await mkdir(models, { recursive: true })
    for (const file of ['model.cbm', 'model-settings.json']) {
      await writeFile(join(models, file), await readFile(join(folder, 'models/cat-values', file)))
    }
    await using alone = await startModelServer(join(folder, 'alone'), false)
    assert.equal((await alone.metadata('cat-values')).status, 200)
  })

  test('a damaged file fails the load, and the text says which it is', async () => {
    const models = join(folder, 'damaged', 'cat')
    await mkdir(models, { recursive: true })
    const whole = await readFile(join(folder, 'models/cat-values/model.cbm'))
    await writeFile(join(models, 'model.cbm'), whole.subarray(0, whole.length / 2))
    const settings = { name: 'cat', implementation: 'catboost', parameters: { extra: { python: PYTHON } } }
    await writeFile(join(models, 'model-settings.json'), JSON.stringify(settings))
    await assert.rejects(startModelServer(join(folder, 'damaged'), false), ({ errors }: AggregateError) => {
      assert.match(String(errors[0]), /model\.cbm is not a CatBoost model in cbm layout/)
      return true
    })
  })
})
