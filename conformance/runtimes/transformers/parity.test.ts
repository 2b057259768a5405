import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startServer, type Target } from '../../open-inference/target.ts'

/** Numbers of two computations in single precision differ by less. */
const TOLERANCE = 2e-5
const TEST_MODELS = fileURLToPath(import.meta.resolve('../../../runtimes/transformers/test-models/'))
const python = process.env['MILLRACE_TEST_PYTHON'] ?? 'python3'
const run = promisify(execFile)

interface Request {
  readonly model: string
  readonly task: string
  readonly inputs: Readonly<Record<string, readonly string[]>>
  readonly parameters: Readonly<Record<string, unknown>>
}

const requests = JSON.parse(await readFile(join(TEST_MODELS, 'requests.json'), 'utf8')) as Request[]

suite('the server answers what ONNX Runtime, tokenizers and NumPy compute in Python', () => {
  let folder: string
  let server: Target
  let answers: readonly unknown[]

  before(async () => {
    const script = join(TEST_MODELS, 'answers.py')
    const { stdout } = await run(python, ['-B', script], { maxBuffer: 64 * 1024 * 1024 })
    answers = JSON.parse(stdout) as unknown[]
    folder = await mkdtemp(join(tmpdir(), 'millrace-transformers-'))
    for (const { model, task } of requests) {
      const name = `${model}-${task}`
      await mkdir(join(folder, name), { recursive: true })
      const parameters = { uri: join(TEST_MODELS, model), extra: { task } }
      // As settings for MLServer say it.
      const settings = { name, implementation: 'mlserver_huggingface.HuggingFaceRuntime', parameters }
      await writeFile(join(folder, name, 'model-settings.json'), JSON.stringify(settings))
    }
    server = await startServer({ folder })
  })
  after(async () => {
    await server.close()
    await rm(folder, { recursive: true })
  })

  for (const [index, { model, task, inputs, parameters }] of requests.entries()) {
    test(`${index + 1}: ${task} ${JSON.stringify(parameters)}`, async () => {
      const body = {
        parameters,
        inputs: Object.entries(inputs).map(([name, data]) => ({
          name,
          datatype: 'BYTES',
          shape: [data.length],
          data,
        })),
      }
      const response = await fetch(`${server.rest}/v2/models/${model}-${task}/infer`, {
        method: 'POST',
        body: JSON.stringify(body),
      })
      const answer = (await response.json()) as { outputs: { data: string[] }[] }
      assert.equal(response.status, 200, JSON.stringify(answer))
      const texts = answer.outputs[0]!.data
      assertClose(
        texts.map(text => JSON.parse(text) as unknown),
        answers[index],
        'answer',
      )
    })
  }

  test('the committed answers are those of this run', async () => {
    const committed = JSON.parse(await readFile(join(TEST_MODELS, 'expected.json'), 'utf8')) as unknown
    assertClose(committed, answers, 'expected.json')
  })
})

/** Equal but for the last digits of numbers. */
function assertClose(actual: unknown, expected: unknown, path: string): void {
  if (typeof expected === 'number' && typeof actual === 'number') {
    assert.ok(Math.abs(actual - expected) < TOLERANCE, `${path}: ${actual} and not ${expected}`)
    return
  }
  if (typeof expected !== 'object' || expected === null || typeof actual !== 'object' || actual === null) {
    assert.deepEqual(actual, expected, path)
    return
  }
  assert.deepEqual(Object.keys(actual), Object.keys(expected), path)
  for (const [name, value] of Object.entries(expected) as [string, unknown][])
    assertClose(Reflect.get(actual, name), value, `${path}.${name}`)
}
