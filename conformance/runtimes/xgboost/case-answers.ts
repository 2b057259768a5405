import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type BoundModel,
  bindModel,
  type InferenceResponse,
  type ModelSettings,
  type RequestContext,
  type RequestedOutput,
  type Tensor,
  toTensor,
} from '@millrace/sdk'
import { XgboostModel } from '@millrace/xgboost'

/** One model as train-models.py describes it. */
export interface TrainedCase {
  readonly number: number
  readonly described: Readonly<Record<string, unknown>>
  readonly featureCount: number
  readonly featureNames: readonly string[]
  readonly half: number
  readonly answers: Readonly<Record<string, { readonly width: number; readonly type: 'float32' | 'int32' }>>
}

export interface TrainedCases {
  readonly seed: number
  readonly rows: number
  readonly xgboost: string
  readonly cases: readonly TrainedCase[]
}

/** Relative, as both sides round to float32. */
const TOLERANCE = 1e-6
/** Sums of linear models cancel out, and XGBoost adds them in an order of its own: there the error is held against 1. */
const LEAST_SIZE = { gblinear: 1, trees: 1e-30 }

const ignore = (): void => {}
const metric = (): typeof ignore => ignore
const context: RequestContext = {
  headers: {},
  signal: new AbortController().signal,
  deadlineMs: Number.POSITIVE_INFINITY,
  setHeader: ignore,
  log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  metrics: { counter: metric, gauge: metric, histogram: metric },
}

export async function readCases(folder: string): Promise<TrainedCases> {
  return JSON.parse(await readFile(join(folder, 'cases.json'), 'utf8')) as TrainedCases
}

/** Holds every answer of one case, from both of its files, against what XGBoost gave. */
export async function checkCase(folder: string, rowCount: number, trained: TrainedCase): Promise<void> {
  const { number, featureCount, answers } = trained
  const rows = new Float32Array(await contents(join(folder, `rows-${number}.f32`)))
  const input = toTensor({ name: 'x', datatype: 'FP32', shape: [rowCount, featureCount], data: rows })
  const { marginOfHalf, ...asked } = answers
  for (const ending of ['json', 'ubj']) {
    const uri = join(folder, `model-${number}.${ending}`)
    const model = await loadModel(uri)
    const outputs = Object.keys(asked).map(name => ({ name }))
    const response = await infer(model, [input], outputs)
    for (const [index, name] of Object.keys(asked).entries())
      await compare(folder, rowCount, trained, name, response.outputs[index]!)
    if (marginOfHalf !== undefined) {
      const half = await loadModel(uri, { iteration_range: [0, trained.half] })
      const [margin] = (await infer(half, [input], [{ name: 'margin' }])).outputs
      await compare(folder, rowCount, trained, 'marginOfHalf', margin!)
    }
    if (trained.featureNames.length > 0) {
      const [predict] = (await infer(model, columns(trained.featureNames, rows))).outputs
      await compare(folder, rowCount, trained, 'predict', predict!)
    }
  }
}

async function compare(
  folder: string,
  rowCount: number,
  { number, described, answers }: TrainedCase,
  name: string,
  actual: Tensor,
): Promise<void> {
  const { width, type } = answers[name]!
  const bytes = await contents(join(folder, `${name}-${number}.bin`))
  const expected = type === 'int32' ? new Int32Array(bytes) : new Float32Array(bytes)
  assert.deepEqual(actual.shape, [rowCount, width], `${name} of case ${number}`)
  const values = Array.from(actual.data as ArrayLike<number | bigint>, Number)
  const least = described['booster'] === 'gblinear' ? LEAST_SIZE.gblinear : LEAST_SIZE.trees
  let worst = 0
  let at = 0
  for (let index = 0; index < expected.length; index++) {
    const wanted = expected[index]!
    const given = values[index]!
    const error = wanted === given ? 0 : Math.abs(given - wanted) / Math.max(Math.abs(wanted), least)
    if (!(error <= worst)) {
      worst = error
      at = index
    }
  }
  assert.ok(
    worst <= TOLERANCE,
    `${name} of case ${number}, element ${at}: ${values[at]}, not ${expected[at]}, off by ${worst}; ${JSON.stringify(described)}`,
  )
}

async function loadModel(uri: string, extra: Readonly<Record<string, unknown>> = {}): Promise<BoundModel> {
  const settings: ModelSettings = {
    name: 'case',
    version: undefined,
    implementation: 'xgboost',
    folder: '/',
    uri,
    platform: '',
    versionNotes: [],
    inputs: [],
    outputs: [],
    enforceContract: true,
    contentType: undefined,
    extra,
    parameters: {},
  }
  const model = new XgboostModel(settings)
  await model.load()
  return bindModel(model)
}

async function infer(
  model: BoundModel,
  inputs: readonly Tensor[],
  outputs?: readonly RequestedOutput[],
): Promise<InferenceResponse> {
  return model.predict({ modelName: 'case', inputs, ...(outputs === undefined ? {} : { outputs }) }, context)
}

function columns(names: readonly string[], rows: Float32Array): Tensor[] {
  const rowCount = rows.length / names.length
  return names.map((name, column) => {
    const data = Float32Array.from({ length: rowCount }, (_, row) => rows[row * names.length + column]!)
    return toTensor({ name, datatype: 'FP32', shape: [rowCount], data })
  })
}

async function contents(file: string): Promise<ArrayBuffer> {
  const bytes = await readFile(file)
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)
}
