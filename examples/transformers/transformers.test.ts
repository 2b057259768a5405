import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  type BoundModel,
  bindModel,
  hgJsonListCodec,
  type InferenceRequest,
  type RequestContext,
  textCodec,
} from '@millrace/sdk'
import { parseInferRequest } from '@millrace/sdk/protocol'
import { TransformersModel } from '@millrace/transformers'

const here = fileURLToPath(new URL('.', import.meta.url))
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

async function load(name: string): Promise<BoundModel> {
  const folder = join(here, name)
  const model = new TransformersModel({
    name,
    version: undefined,
    implementation: 'transformers',
    folder,
    uri: folder,
    platform: '',
    versionNotes: [],
    inputs: [],
    outputs: [],
    enforceContract: true,
    contentType: undefined,
    extra: {},
    parameters: {},
  })
  await model.load(context)
  return bindModel(model)
}

async function exampleOf(name: string): Promise<InferenceRequest> {
  return parseInferRequest(await readFile(join(here, name, 'example-request.json')), { modelName: name })
}

async function* practice(): AsyncGenerator<InferenceRequest> {
  yield { modelName: 'proverbs', inputs: [textCodec.encode('text_input', ['practice'], [1])] }
}

test('the example is judged', async () => {
  const { outputs } = await (await load('sentiment')).predict(await exampleOf('sentiment'), context)
  const answers = hgJsonListCodec.decode(outputs[0]!) as { label: string; score: number }[]
  assert.deepEqual(
    answers.map(({ label, score }) => [label, Math.round(score * 100)]),
    [
      ['POSITIVE', 88],
      ['NEGATIVE', 88],
    ],
  )
})

test('the example is continued', async () => {
  const { outputs } = await (await load('proverbs')).predict(await exampleOf('proverbs'), context)
  assert.deepEqual(hgJsonListCodec.decode(outputs[0]!), [
    { generated_text: 'the early bird catches the bush' },
  ])
})

test('a proverb is told word by word', async () => {
  const model = await load('proverbs')
  const words: string[] = []
  for await (const { outputs } of model.predictStream(practice(), context))
    words.push(...textCodec.decode(outputs[0]!))
  assert.deepEqual(words.join('').trim().split(' '), ['makes', 'perfect'])
})
