import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { LightgbmModel } from '@millrace/lightgbm'
import { tensorFromBytes } from '@millrace/sdk'
import { loadForTest } from '@millrace/sdk/testing'

/** Another seed draws other models. */
const SEED = process.env['MILLRACE_TEST_SEED'] ?? '20260'
const CASE_COUNT = 57
const ROW_COUNT = 1000

interface Case {
  readonly title: string
  readonly params: Readonly<Record<string, unknown>>
  readonly dtype: 'float32' | 'float64' | 'int64'
  readonly rows: number
  readonly features: number
  readonly start: number
  readonly count: number
}

const DATATYPES = { float32: 'FP32', float64: 'FP64', int64: 'INT64' } as const

suite('the numbers of LightGBM itself', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-lightgbm-'))
    const script = fileURLToPath(import.meta.resolve('./make-cases.py'))
    const python = process.env['MILLRACE_TEST_PYTHON'] ?? 'python3'
    const args = ['-W', 'ignore', script, folder, SEED, String(CASE_COUNT), String(ROW_COUNT)]
    await promisify(execFile)(python, args, { maxBuffer: 2 ** 26 })
  })
  after(() => rm(folder, { recursive: true }))

  test('models drawn at random: predictions, raw scores and leaves', async t => {
    const cases = JSON.parse(await readFile(join(folder, 'cases.json'), 'utf8')) as readonly Case[]
    assert.equal(cases.length, CASE_COUNT)
    for (const [number, drawn] of cases.entries()) {
      await t.test(drawn.title, () => checkCase(join(folder, String(number)), drawn))
    }
  })
})

async function checkCase(path: string, drawn: Case): Promise<void> {
  const extra = { start_iteration: drawn.start, num_iteration: drawn.count }
  await using model = await loadForTest(LightgbmModel, { settings: { uri: `${path}.txt`, extra } })
  const rows = await readFile(`${path}.x`)
  const shape = [drawn.rows, drawn.features]
  const input = tensorFromBytes('rows', DATATYPES[drawn.dtype], shape, rows)
  const { outputs } = await model.predict([input], { outputs: ['predict', 'raw_score', 'leaf_index'] })
  const [value, raw, leaf] = outputs
  const context = JSON.stringify(drawn.params)
  assert.deepEqual(leaf!.data, numbers(Int32Array, await readFile(`${path}.leaf`)), context)
  // The sums are added up in the same order, so they are equal to the bit; exponential functions round differently.
  assertClose(raw!.data as Float64Array, numbers(Float64Array, await readFile(`${path}.raw`)), 0, context)
  assertClose(
    value!.data as Float64Array,
    numbers(Float64Array, await readFile(`${path}.value`)),
    1e-12,
    context,
  )
}

/** LightGBM makes values up to 1e-35 zero before a tree sees them, which a linear leaf of nothing else shows. */
const NOTHING = 1e-30

function assertClose(actual: Float64Array, expected: Float64Array, tolerance: number, context: string): void {
  assert.equal(actual.length, expected.length, context)
  for (const [index, wanted] of expected.entries()) {
    const given = actual[index]!
    if (Object.is(given, wanted) || given === wanted) continue
    const most = Math.max(Math.abs(given), Math.abs(wanted))
    assert.ok(
      Math.abs(given - wanted) <= tolerance * most + NOTHING,
      `element ${index} is ${given}, should be ${wanted}: ${context}`,
    )
  }
}

function numbers<A>(
  Kind: new (buffer: ArrayBufferLike, offset: number, length: number) => A,
  { buffer, byteOffset, length }: Buffer,
): A & { readonly length: number } {
  const size = (Kind as unknown as { BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT
  const aligned =
    byteOffset % size === 0
      ? { buffer, byteOffset }
      : { buffer: Uint8Array.from(Buffer.from(buffer, byteOffset, length)).buffer, byteOffset: 0 }
  return new Kind(aligned.buffer, aligned.byteOffset, length / size) as A & { readonly length: number }
}
