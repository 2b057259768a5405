import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import { OnnxModel } from '@millrace/onnx'
import { type Datatype, dataBytes, type Tensor, tensorFromBytes, toTensor } from '@millrace/sdk'
import { loadForTest } from '@millrace/sdk/testing'
import { REPOSITORY_ROOT } from '../../walls/source-files.ts'

const RELATIVE_TOLERANCE = 1e-6

/** A tensor as `answer-models.py` writes it: texts, or the base64 of the bytes of numbers. */
interface WrittenTensor {
  readonly name: string
  readonly datatype: Datatype
  readonly shape: readonly number[]
  readonly data: readonly string[] | string
  readonly labels?: readonly (string | number)[]
}

interface Answer {
  readonly file: string
  readonly inputs: readonly WrittenTensor[]
  readonly outputs: readonly WrittenTensor[]
}

/** Named here, so that a model that was not made is missed. */
const MODELS = [
  'logistic-integer-labels',
  'logistic-text-labels',
  'logistic-two-classes',
  'tree-text-labels',
  'forest',
  'boosting',
  'svc-probabilities',
  'neighbours',
  'scaled-pipeline',
  'forest-zipmap-false',
  'forest-zipmap-columns',
  'multiple-outputs',
  'linear-regression',
  'forest-regression',
  'mixed-columns',
  'xgboost-classifier',
  'xgboost-regressor',
  'lightgbm-classifier',
  'catboost-classifier',
  ...['bool', 'uint8', 'uint16', 'uint32', 'uint64', 'int8', 'int16', 'int32', 'int64'].map(identity),
  ...['float16', 'float', 'double', 'string'].map(identity),
  'bfloat16',
  ...[7, 11, 13, 18, 21].map(opset => `gemm-opset-${opset}`),
  'initializers-as-inputs',
  'default-taken',
  'default-given',
  'convolution',
  'attention',
  'loop',
  'if-true',
  'if-false',
  'no-rows',
  'scalars',
  'split-to-sequence',
  'sequence-of-two',
  'sequence-at',
  'external-data',
  'external-data-sequence',
]

suite("what Python's ONNX Runtime answers", () => {
  let folder: string
  let answers: Readonly<Record<string, Answer>>

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'onnx-parity-'))
    const script = join(REPOSITORY_ROOT, 'conformance/runtimes/onnx/answer-models.py')
    await promisify(execFile)(process.env['MILLRACE_TEST_PYTHON'] ?? 'python3', [script, folder])
    answers = JSON.parse(await readFile(join(folder, 'answers.json'), 'utf8')) as typeof answers
  })
  after(() => rm(folder, { recursive: true }))

  test('is there for every model', () => assert.deepEqual(Object.keys(answers).toSorted(), MODELS.toSorted()))

  for (const name of MODELS) {
    test(name, async () => {
      const { file, inputs, outputs } = answers[name]!
      const uri = join(folder, file)
      await using model = await loadForTest(OnnxModel, { settings: { name, uri, folder: dirname(uri) } })
      const answer = await model.predict(inputs.map(read))
      const named = new Map(answer.outputs.map(output => [output.name, output]))
      assert.deepEqual(
        [...named.keys()],
        outputs.map(output => output.name),
      )
      for (const output of outputs) assertSame(named.get(output.name)!, read(output))
      for (const { name: outputName, labels } of outputs) {
        const spec = model.metadata.outputs.find(candidate => candidate.name === outputName)
        assert.deepEqual(spec?.parameters?.labels, labels)
      }
    })
  }
})

function identity(type: string): string {
  return `identity-${type}`
}

function read({ name, datatype, shape, data }: WrittenTensor): Tensor {
  if (typeof data === 'string')
    return tensorFromBytes(name, datatype, shape, new Uint8Array(Buffer.from(data, 'base64')))
  return toTensor({ name, datatype: 'BYTES', shape, data })
}

function assertSame(actual: Tensor, wanted: Tensor): void {
  assert.equal(actual.datatype, wanted.datatype)
  assert.deepEqual(actual.shape, wanted.shape)
  if (actual.datatype === 'FP32' || actual.datatype === 'FP64' || actual.datatype === 'FP16') {
    for (const [index, value] of (wanted.data as Float32Array).entries()) {
      const distance = Math.abs(actual.data[index]! - value)
      assert.ok(
        distance <= RELATIVE_TOLERANCE * Math.abs(value),
        `'${wanted.name}', element ${index}: ${actual.data[index]}, not ${value}`,
      )
    }
  } else assert.deepEqual(new Uint8Array(dataBytes(actual.data)), new Uint8Array(dataBytes(wanted.data)))
}
