import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type BoundModel,
  bindModel,
  hgJsonListCodec,
  type InferenceRequest,
  type ModelSettings,
  type Parameters,
  type RequestContext,
  type TensorLike,
  toTensor,
} from '@millrace/sdk'
import { TransformersModel } from './index.ts'

/** The folder of the models that the tests load. */
export const TEST_MODELS: string = fileURLToPath(import.meta.resolve('./test-models/'))

/** Settings as the server gives them to a model. */
export function settingsOf(name: string, changes: Partial<ModelSettings> = {}): ModelSettings {
  return {
    name,
    version: undefined,
    implementation: 'transformers',
    folder: TEST_MODELS,
    uri: join(TEST_MODELS, name),
    platform: '',
    versionNotes: [],
    inputs: [],
    outputs: [],
    enforceContract: true,
    contentType: undefined,
    extra: {},
    parameters: {},
    ...changes,
  }
}

/** What was logged, as `level: text`. */
export interface Lines {
  readonly lines: string[]
  readonly context: RequestContext
}

const unmeasured = () => () => {}

/** A context whose log is kept. */
export function contextOf(signal: AbortSignal = new AbortController().signal): Lines {
  const lines: string[] = []
  const at = (level: string) => (text: string) => void lines.push(`${level}: ${text}`)
  const context: RequestContext = {
    headers: {},
    signal,
    deadlineMs: Number.POSITIVE_INFINITY,
    setHeader() {},
    log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    metrics: { counter: unmeasured, gauge: unmeasured, histogram: unmeasured },
  }
  return { lines, context }
}

export interface TestModel {
  readonly model: TransformersModel
  readonly bound: BoundModel
  /** What was logged while it loaded. */
  readonly lines: readonly string[]
}

/** A loaded model of {@link TEST_MODELS}. */
export async function loaded(name: string, changes: Partial<ModelSettings> = {}): Promise<TestModel> {
  const model = new TransformersModel(settingsOf(name, changes))
  const { lines, context } = contextOf()
  await model.load(context)
  return { model, bound: bindModel(model), lines }
}

/** An input of texts. */
export function texts(name: string, data: readonly string[], contentType?: string): TensorLike {
  const parameters = contentType === undefined ? undefined : { content_type: contentType }
  return { name, datatype: 'BYTES', shape: [data.length], data, parameters }
}

/** A request of these inputs. */
export function requestOf(inputs: readonly TensorLike[], parameters?: Parameters): InferenceRequest {
  return { modelName: 'm', inputs: inputs.map(input => toTensor(input)), parameters }
}

/** The answers of a model, as its output's JSON texts say. */
export async function ask(
  { bound }: TestModel,
  inputs: readonly TensorLike[],
  parameters?: Parameters,
  context: RequestContext = contextOf().context,
): Promise<readonly unknown[]> {
  const { outputs } = await bound.predict(requestOf(inputs, parameters), context)
  return hgJsonListCodec.decode(outputs[0]!)
}

/** A request of `requests.json`, and what Python's libraries answered. */
export interface KnownAnswer {
  readonly model: string
  readonly task: string
  readonly inputs: Readonly<Record<string, readonly string[]>>
  readonly parameters: Parameters
  readonly expected: readonly unknown[]
}

/** Every request of `requests.json` with its answer. */
export async function knownAnswers(): Promise<readonly KnownAnswer[]> {
  const [requests, answers] = await Promise.all(
    ['requests.json', 'expected.json'].map(
      async name => JSON.parse(await readFile(join(TEST_MODELS, name), 'utf8')) as unknown[],
    ),
  )
  return requests!.map((request, index) => ({
    ...(request as object),
    expected: answers![index],
  })) as KnownAnswer[]
}
