import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { OnnxModel } from '@millrace/onnx'
import { loadForTest } from '@millrace/sdk/testing'
import { createLogger, loadServerSettings, type RunningServer, serve } from '@millrace/server'
import expected from './expected.json' with { type: 'json' }

/** ONNX Runtime computes in float32 what scikit-learn computed in float64. */
const TOLERANCE = 1e-5

const folder = fileURLToPath(new URL('.', import.meta.url))
const guide = fileURLToPath(new URL('../../../docs/guides/serve-onnx.md', import.meta.url))

test('wines are told apart as scikit-learn does', async () => {
  await using model = await loadForTest(OnnxModel, { settings: { folder, uri: folder } })
  assert.deepEqual(model.metadata.outputs[1]?.parameters, { labels: expected.classes })
  const { measurements, label, probabilities } = expected
  const data = Float32Array.from(measurements.flat())
  const shape = [measurements.length, 4]
  const { outputs, values } = await model.predict([{ name: 'X', datatype: 'FP32', shape, data }])
  assert.deepEqual(
    outputs.map(output => [output.name, output.shape]),
    [
      ['output_label', [label.length]],
      ['output_probability', [label.length, 3]],
    ],
  )
  const [labels] = outputs
  assert.ok(labels?.datatype === 'BYTES')
  assert.deepEqual(
    label.map((_, row) => labels.data.textAt(row)),
    label,
  )
  for (const [index, wanted] of probabilities.flat().entries()) {
    const actual = (values['output_probability'] as Float32Array)[index]!
    assert.ok(Math.abs(actual - wanted) <= TOLERANCE, `element ${index}: ${actual}, not ${wanted}`)
  }
})

suite('docs/guides/serve-onnx.md', async () => {
  const blocks = Array.from(
    (await readFile(guide, 'utf8')).matchAll(/^```(\w+)\n([^]*?)^```$/gm),
    ([, language, text = '']) => ({ language, text }),
  )
  const requests = blocks.flatMap(({ text }, index) =>
    text.startsWith('curl') ? [{ text, answer: blocks[index + 1]!.text }] : [],
  )

  test('has requests', () => assert.equal(requests.length, 3))

  let server: RunningServer
  before(async () => {
    const flags = { http_port: 0, grpc_port: 0, metrics_port: 0, parallel_workers: 0 }
    const { settings } = await loadServerSettings({ flags, environment: {} })
    const log = createLogger({ isStructured: false, level: 'silent' })
    server = await serve({ folder, settings, environment: {}, log })
    assert.deepEqual(await server.started, [])
  })
  after(() => server.close())

  for (const { text, answer } of requests) {
    test(`answers as it says: ${text.split('\n').at(-2)!.trim()}`, async () => {
      const command = text.replace('127.0.0.1:8080', `127.0.0.1:${server.rest.port}`)
      const { stdout } = await promisify(execFile)('sh', ['-c', command])
      assertSame(JSON.parse(stdout), JSON.parse(answer))
    })
  }
})

/** The same but for the last digits of fractions, in which processors differ. */
function assertSame(actual: unknown, wanted: unknown): void {
  assert.deepEqual(rounded(actual), rounded(wanted))
}

function rounded(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, member: unknown) =>
    typeof member === 'number' ? Number(member.toFixed(5)) : member,
  )
}
