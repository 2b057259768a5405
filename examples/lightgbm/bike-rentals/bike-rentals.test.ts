import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { LightgbmModel } from '@millrace/lightgbm'
import { loadForTest, type TestedModel } from '@millrace/sdk/testing'
import { createLogger, loadServerSettings, type RunningServer, serve } from '@millrace/server'
import expected from './expected.json' with { type: 'json' }

const folder = fileURLToPath(new URL('.', import.meta.url))
const guide = fileURLToPath(new URL('../../../docs/guides/serve-lightgbm.md', import.meta.url))

function load(contentType?: string): Promise<TestedModel> {
  return loadForTest(LightgbmModel, { settings: { folder, uri: `${folder}model.txt`, contentType } })
}

function assertClose(actual: unknown): void {
  assert.ok(actual instanceof Float64Array && actual.length === expected.predict.length)
  for (const [row, wanted] of expected.predict.entries()) {
    assert.ok(Math.abs(actual[row]! - wanted) <= 1e-12 * wanted, `row ${row}: ${actual[row]}, not ${wanted}`)
  }
}

const { columns } = expected
const temperature = columns.temperature.map(value => value ?? Number.NaN)

test('a table is answered as LightGBM answers a data frame', async () => {
  await using model = await load('pd')
  assert.deepEqual(
    model.metadata.inputs.map(({ name, datatype }) => `${name} ${datatype}`),
    ['weather BYTES', 'hour FP64', 'is_holiday FP64', 'temperature FP64'],
  )
  const inputs = { ...columns, temperature }
  const { values } = await model.predict(inputs, { outputs: ['predict', 'leaf_index'] })
  assertClose(values['predict'])
  assert.deepEqual(values['leaf_index'], Int32Array.from(expected.leaf_index.flat()))
})

test('so is a matrix, where categories are codes in the order of the alphabet', async () => {
  await using model = await load()
  const codes = columns.weather.map(name => ['cloudy', 'rainy', 'sunny'].indexOf(name))
  const data = codes.flatMap((code, row) => [
    code,
    columns.hour[row]!,
    columns.is_holiday[row]!,
    temperature[row]!,
  ])
  const { values } = await model.predict([{ name: 'rows', datatype: 'FP64', shape: [codes.length, 4], data }])
  assertClose(values['predict'])
})

suite('docs/guides/serve-lightgbm.md', async () => {
  const blocks = Array.from(
    (await readFile(guide, 'utf8')).matchAll(/^```(\w+)\n([^]*?)^```$/gm),
    ([, language, text = '']) => ({ language, text }),
  )
  const requests = blocks.flatMap(({ text }, index) =>
    text.startsWith('curl') ? [{ text, answer: blocks[index + 1]!.text }] : [],
  )

  test('has requests', () => assert.equal(requests.length, 4))

  let server: RunningServer
  before(async () => {
    const flags = { http_port: 0, grpc_port: 0, metrics_port: 0 }
    const { settings } = await loadServerSettings({ flags, environment: {} })
    const log = createLogger({ isStructured: false, level: 'silent' })
    server = await serve({ folder, settings, environment: {}, log })
    assert.deepEqual(await server.started, [])
  })
  after(() => server.close())

  for (const { text, answer } of requests) {
    test(`answers as it says: ${text.split('\n')[1]!.trim()}`, async () => {
      const command = text.replace('127.0.0.1:8080', `127.0.0.1:${server.rest.port}`)
      const { stdout } = await promisify(execFile)('sh', ['-c', command])
      assert.deepEqual(JSON.parse(stdout), JSON.parse(answer))
    })
  }
})
