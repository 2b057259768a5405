import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { loadForTest } from '@millrace/sdk/testing'
import { XgboostModel } from './index.ts'

interface Answer {
  readonly width: number
  readonly values: readonly number[]
}

interface Sample {
  readonly number: number
  readonly described: Readonly<Record<string, unknown>>
  readonly featureCount: number
  readonly half: number
  readonly rows: readonly (number | null)[]
  readonly answers: Readonly<Record<string, Answer>>
}

const folder = fileURLToPath(new URL('test-models/', import.meta.url))
const { cases, rows: rowCount } = JSON.parse(await readFile(`${folder}cases.json`, 'utf8')) as {
  readonly rows: number
  readonly cases: readonly Sample[]
}

function assertClose(actual: ArrayLike<unknown>, { values }: Answer, least: number): void {
  assert.equal(actual.length, values.length)
  for (const [index, wanted] of values.entries()) {
    const error = Math.abs(Number(actual[index]) - wanted) / Math.max(Math.abs(wanted), least)
    assert.ok(error <= 1e-6, `element ${index}: ${String(actual[index])}, not ${wanted}`)
  }
}

for (const { number, described, featureCount, half, rows, answers } of cases) {
  const title = `${number}: ${String(described['objective'])}, ${String(described['booster'])}`
  test(`${title} answers as XGBoost does, from JSON and from Universal Binary JSON`, async () => {
    const data = Float32Array.from(rows, value => value ?? Number.NaN)
    const input = { name: 'x', datatype: 'FP32', shape: [rowCount, featureCount], data } as const
    // XGBoost adds the terms of linear models in an order of its own: there the error is held against 1.
    const least = described['booster'] === 'gblinear' ? 1 : 1e-30
    const { marginOfHalf, ...asked } = answers
    for (const ending of ['bst', 'ubj']) {
      const uri = `${folder}model-${number}.${ending}`
      await using model = await loadForTest(XgboostModel, { settings: { uri } })
      const { outputs } = await model.predict([input], { outputs: Object.keys(asked) })
      for (const [index, name] of Object.keys(asked).entries()) {
        const { shape, data } = outputs[index]!
        assert.deepEqual(shape, [rowCount, asked[name]!.width])
        assertClose(data as ArrayLike<unknown>, asked[name]!, least)
      }
      if (marginOfHalf === undefined) continue
      const extra = { iteration_range: [0, half] }
      await using part = await loadForTest(XgboostModel, { settings: { uri, extra } })
      const [margin] = (await part.predict([input], { outputs: ['margin'] })).outputs
      assertClose(margin!.data as ArrayLike<unknown>, marginOfHalf, least)
    }
  })
}

test('texts of a column are the categories that XGBoost kept for them', async () => {
  const expected = JSON.parse(await readFile(`${folder}texts-expected.json`, 'utf8')) as {
    readonly size: readonly number[]
    readonly colour: readonly string[]
    readonly predict: readonly number[]
  }
  await using model = await loadForTest(XgboostModel, { settings: { uri: `${folder}texts.bst` } })
  const size = { name: 'size', datatype: 'FP64', shape: [6, 1], data: expected.size } as const
  const colour = { name: 'colour', datatype: 'BYTES', shape: [6], data: expected.colour } as const
  const [predict] = (await model.predict([colour, size])).outputs
  assertClose(predict!.data as ArrayLike<unknown>, { width: 1, values: expected.predict }, 1e-30)
  await assert.rejects(model.predict([{ ...colour, data: expected.colour.with(0, 'pink') }, size]), {
    code: 'INVALID_ARGUMENT',
    message: `input 'colour' has "pink"; the model knows 'blue', 'green', 'red', 'amber'`,
  })
  await assert.rejects(model.predict([colour, { ...colour, name: 'size' }]), {
    code: 'INVALID_ARGUMENT',
    message: "input 'size' has datatype BYTES; the model knows no texts for this feature",
  })
})
