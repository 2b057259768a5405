import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  BytesArray,
  bindModel,
  type InferenceRequest,
  type InferenceResponse,
  type RequestContext,
  type Tensor,
  textCodec,
} from '@millrace/sdk'
import * as fc from 'fast-check'
import { SentimentWords } from './model.ts'
import settings from './model-settings.json' with { type: 'json' }

const folder = fileURLToPath(new URL('.', import.meta.url))
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
const model = bindModel(
  new SentimentWords({
    ...settings,
    version: undefined,
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
  }),
)

interface Answer {
  readonly score: number[]
  readonly label: readonly string[]
  readonly word: readonly string[] | undefined
}

function requestOf(texts: readonly string[]): InferenceRequest {
  return { modelName: 'sentiment-words', inputs: [textCodec.encode('text', texts, [texts.length])] }
}

function answerOf({ outputs }: InferenceResponse): Answer {
  const named = (name: string): Tensor | undefined => outputs.find(output => output.name === name)
  const [score, label, word] = [named('score'), named('label'), named('word')]
  assert.ok(score?.datatype === 'FP32' && label !== undefined)
  return {
    score: [...score.data],
    label: textCodec.decode(label),
    word: word && textCodec.decode(word),
  }
}

async function judge(...texts: readonly string[]): Promise<Answer> {
  return answerOf(await model.predict(requestOf(texts), context))
}

async function read(texts: readonly string[], signal = context.signal): Promise<Answer[]> {
  async function* requests(): AsyncGenerator<InferenceRequest> {
    yield requestOf(texts)
  }
  const answers: Answer[] = []
  for await (const response of model.predictStream(requests(), { ...context, signal })) {
    answers.push(answerOf(response))
  }
  return answers
}

for (const [text, label, score] of [
  ['What a wonderful, charming film', 'positive', 0.85],
  ['Rude staff and a dirty, noisy room.', 'negative', -0.6],
  ['The train leaves at nine', 'neutral', 0],
  ['', 'neutral', 0],
  ['good and bad', 'negative', -0.15],
  ['LOVE IT!', 'positive', 1],
  ['not good', 'negative', -0.2],
  ['It isn’t a bad place', 'positive', 0.35],
  ['Not today. Great!', 'positive', 0.7],
  ['never boring, always late', 'negative', -0.1],
] as const) {
  test(`"${text}" is ${label}`, async () => {
    const answer = await judge(text)
    assert.deepEqual(answer.label, [label])
    assert.deepEqual(answer.score, [Math.fround(score)])
  })
}

test('each text of a batch is judged as if it were alone, and within bounds', async () => {
  const vocabulary = fc.constantFrom(
    'good',
    'worst',
    'not',
    'never',
    'the',
    'superb.',
    'dull,',
    'isn’t',
    '日本',
    '!',
  )
  const texts = fc.array(
    fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.array(vocabulary).map(words => words.join(' ')),
    ),
  )
  await fc.assert(
    fc.asyncProperty(texts, async batch => {
      const { score, label } = await judge(...batch)
      assert.equal(score.length, batch.length)
      for (const [index, text] of batch.entries()) {
        assert.deepEqual(await judge(text), { score: [score[index]], label: [label[index]], word: undefined })
        assert.ok(Math.abs(score[index]!) <= 1)
      }
    }),
  )
})

test('a stream reads every word aloud and ends with the score of the whole text', async () => {
  const text = 'A  brilliant start,\nbut never easy.'
  const answers = await read([text])
  assert.deepEqual(
    answers.map(({ word }) => word?.[0]),
    ['A', 'brilliant', 'start,', 'but', 'never', 'easy.'],
  )
  assert.deepEqual(
    answers.map(({ label }) => label[0]),
    ['neutral', 'positive', 'positive', 'positive', 'positive', 'positive'],
  )
  assert.deepEqual(answers.at(-1)?.score, (await judge(text)).score)
})

test('a stream of several texts starts each one afresh', async () => {
  const answers = await read(['awful', 'so so', 'nice'])
  assert.deepEqual(
    answers.map(({ word, label }) => `${word?.[0]} ${label[0]}`),
    ['awful negative', 'so neutral', 'so neutral', 'nice positive'],
  )
})

test('a stream stops when the client is gone', async () => {
  assert.deepEqual(await read(['nobody is listening'], AbortSignal.abort()), [])
})

test('text that is not UTF-8 is refused', async () => {
  const [text] = requestOf([]).inputs
  assert.ok(text?.datatype === 'BYTES')
  const inputs = [{ ...text, shape: [1], data: BytesArray.from([Uint8Array.of(0xff)]) }]
  await assert.rejects(model.predict({ modelName: 'sentiment-words', inputs }, context), {
    code: 'INVALID_ARGUMENT',
    message: /tensor 'text', element 0 is not valid UTF-8 text/,
  })
})
