import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
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

/** An interpreter with MLServer's own runtime, and the same scikit-learn as the other. */
const STOCK_PYTHON = process.env['MILLRACE_TEST_MLSERVER'] ?? PYTHON
const CASE_COUNT = 31

interface Case {
  readonly model: string
  readonly request: { readonly id: string }
}

interface Answer {
  readonly outputs?: readonly unknown[]
  readonly parameters?: unknown
  readonly status?: number
}

const skip =
  !(await hasModules(STOCK_PYTHON, 'mlserver_sklearn')) &&
  'MILLRACE_TEST_MLSERVER names no interpreter with mlserver_sklearn'

suite("scikit-learn models answer as under MLServer's own runtime", { skip }, () => {
  const disposables = new AsyncDisposableStack()
  let cases: readonly Case[]
  let answers: readonly Answer[]
  let server: ModelServer
  before(async () => {
    const { path } = disposables.use(await temporaryFolder())
    await runPython(PYTHON, 'make-sklearn-models.py', [path])
    cases = JSON.parse(await readFile(join(path, 'cases.json'), 'utf8')) as readonly Case[]
    const lines = (await runPython(STOCK_PYTHON, 'stock-answers.py', [path])).trim().split('\n')
    answers = lines.map(line => JSON.parse(line) as Answer)
    server = disposables.use(await startModelServer(join(path, 'models'), true))
  })
  after(() => disposables.disposeAsync())

  // The one known difference: here an answer has the outputs that were asked for, or it is none.
  test('a table is answered by a request that names no outputs', async () => {
    const scaler = cases.find(({ model }) => model === 'scaler')!
    const { status, body } = await server.infer('scaler', {
      ...scaler.request,
      outputs: [{ name: 'transform' }],
    })
    assert.equal(status, 400)
    assert.deepEqual(body, {
      error: "output 'transform' does not exist; the model answered with 'sl', 'sw', 'pl', 'pw'",
    })
  })

  test('every request of every model', async t => {
    assert.equal(cases.length, CASE_COUNT)
    assert.equal(answers.length, CASE_COUNT)
    for (const [index, { model, request }] of cases.entries()) {
      await t.test(`${model}: ${JSON.stringify(request).slice(0, 120)}`, async () => {
        const { status, body } = await server.infer(model, request)
        const expected = answers[index]!
        const answer = body as Answer & { readonly id?: string }
        assert.equal(status, expected.status ?? 200, JSON.stringify(body))
        if (expected.status !== undefined) return
        assert.deepEqual(answer.outputs, expected.outputs)
        assert.deepEqual(answer.parameters, expected.parameters)
        assert.equal(answer.id, request.id)
      })
    }
  })
})
