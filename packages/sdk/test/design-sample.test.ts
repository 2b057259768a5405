import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { ModelImplementation, TensorLike } from '../index.ts'
import { loadForTest } from '../testing/index.ts'
import { typeCheck, writeInPackage } from './package-folder.ts'

/** The first model that anybody sees, letter by letter: without a type, and with nothing imported but `Model`. */
const SAMPLE = `import { Model } from '@millrace/sdk'

export class Sum extends Model {
  async load() { /* files are under this.settings.folder */ }
  async predict(request) {
    let total = 0
    for (const value of request.inputs[0].data) total += Number(value)
    return { outputs: [{ name: 'total', datatype: 'FP64', shape: [1], data: Float64Array.of(total) }] }
  }
}
`

const INPUTS: readonly [TensorLike, total: number][] = [
  [{ name: 'x', datatype: 'FP32', shape: [3], data: [1, 2, 3.5] }, 6.5],
  [{ name: 'x', datatype: 'INT64', shape: [3], data: [1n, 2n, 3n] }, 6],
  [{ name: 'x', datatype: 'BOOL', shape: [2], data: [true, true] }, 2],
]

for (const file of ['model.js', 'model.ts']) {
  test(`the sample model runs as it is written, as ${file}`, async () => {
    await using folder = await writeInPackage(new Map([[file, SAMPLE]]))
    const { Sum } = (await import(pathToFileURL(join(folder.path, file)).href)) as {
      Sum: ModelImplementation
    }
    await using model = await loadForTest(Sum, { settings: { folder: folder.path } })
    for (const [input, total] of INPUTS) {
      const { modelName, outputs } = await model.predict([input])
      assert.equal(modelName, 'sum')
      assert.deepEqual(outputs, [
        { name: 'total', datatype: 'FP64', shape: [1], data: Float64Array.of(total) },
      ])
    }
  })
}

test('the sample model compiles as it is written, as far as TypeScript lets it', async () => {
  await using folder = await writeInPackage(new Map([['model.ts', SAMPLE]]))
  await typeCheck(folder.path, { noImplicitAny: false, noImplicitOverride: false })
})

test('by the strictest rules it needs `override` and the type of the request', async () => {
  await using untyped = await writeInPackage(new Map([['model.ts', SAMPLE]]))
  await assert.rejects(typeCheck(untyped.path), {
    message: /'override' modifier[^]*implicitly has an 'any' type/,
  })
  const strict = SAMPLE.replaceAll('async ', 'override async ')
    .replace('import { Model }', 'import { type InferenceRequest, Model }')
    .replace('predict(request)', 'predict(request: InferenceRequest)')
    .replace('inputs[0]', 'inputs[0]!')
  await using folder = await writeInPackage(new Map([['model.ts', strict]]))
  await typeCheck(folder.path)
})
