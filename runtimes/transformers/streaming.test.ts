import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type InferenceRequest, textCodec } from '@millrace/sdk'
import { createStop, streamText } from './generation.ts'
import { loadPipeline } from './load-pipeline.ts'
import { ask, contextOf, loaded, requestOf, settingsOf, type TestModel, texts } from './model-fixture.ts'
import { readSettings } from './transformers-settings.ts'

async function* once(request: InferenceRequest): AsyncGenerator<InferenceRequest> {
  yield request
}

async function read(
  { bound }: TestModel,
  request: InferenceRequest,
  signal?: AbortSignal,
  onPiece: (pieces: readonly string[]) => void = () => {},
): Promise<string[]> {
  const pieces: string[] = []
  for await (const { outputs } of bound.predictStream(once(request), contextOf(signal).context)) {
    const [output] = outputs
    assert.equal(output?.name, 'output')
    assert.deepEqual(output.parameters, { content_type: 'str' })
    pieces.push(...textCodec.decode(output))
    onPiece(pieces)
  }
  return pieces
}

for (const [name, task, key] of [
  ['generation', 'text-generation', 'generated_text'],
  ['text2text', 'summarization', 'summary_text'],
] as const) {
  test(`the pieces of a ${task} stream are its answer`, async () => {
    const model = await loaded(name, { extra: { task } })
    const alone = task === 'text-generation' ? { return_full_text: false } : {}
    const [answer] = await ask(model, [texts('args', ['The river'])], { max_new_tokens: 30, ...alone })
    const pieces = await read(model, requestOf([texts('args', ['The river'])], { max_new_tokens: 30 }))
    assert.ok(pieces.length > 1)
    assert.equal(pieces.join(''), (answer as Record<string, unknown>)[key])
  })
}

test('a stream says what it was asked only if it is asked to', async () => {
  const model = await loaded('generation')
  const pieces = await read(
    model,
    requestOf([texts('text_input', ['The river'])], { max_new_tokens: 3, return_full_text: true }),
  )
  assert.equal(pieces[0], 'The river')
})

test('text_input is answered in plain text', async () => {
  const model = await loaded('generation')
  const parameters = { max_new_tokens: 5 }
  const { outputs } = await model.bound.predict(
    requestOf([texts('text_input', ['The river'])], parameters),
    contextOf().context,
  )
  const [answer] = await ask(model, [texts('args', ['The river'])], parameters)
  assert.deepEqual(textCodec.decode(outputs[0]!), [(answer as Record<string, unknown>)['generated_text']])
})

test('a conversation is answered by what follows it', async () => {
  const model = await loaded('generation')
  const chat = [{ role: 'user', content: 'Who?' }]
  const parameters = { max_new_tokens: 5 }
  const [one] = await ask(model, [texts('args', [JSON.stringify(chat)], 'hg_json')], parameters)
  const said = (one as { generated_text: { role: string; content: string }[] }).generated_text
  assert.deepEqual(said[0], chat[0])
  assert.equal(said[1]?.role, 'assistant')
  const [same] = await ask(model, [texts('args', [JSON.stringify(chat)], 'hg_conversation')], parameters)
  assert.deepEqual(same, one)

  const stream = await read(model, requestOf([texts('args', [JSON.stringify(chat)], 'hg_json')], parameters))
  assert.equal(stream.join(''), said[1]?.content)
})

test('a stream ends between two tokens when its request is over', async () => {
  const model = await loaded('generation')
  const controller = new AbortController()
  const reason = new Error('gone')
  const request = requestOf([texts('args', ['The river'])], { max_new_tokens: 1000 })
  let count = 0
  const reading = read(model, request, controller.signal, pieces => {
    count = pieces.length
    if (count === 2) controller.abort(reason)
  })
  await assert.rejects(reading, reason)
  // One may have been made already.
  assert.ok(count <= 3, String(count))
})

test('generation ends when nobody reads on', async () => {
  const settings = readSettings({}, {})
  const pipeline = await loadPipeline(settingsOf('generation'), settings, new AbortController().signal)
  const session = pipeline.model.sessions['model'] as { run: (...values: unknown[]) => unknown }
  const run = session.run.bind(session)
  let runs = 0
  session.run = (...values) => {
    runs++
    return run(...values)
  }
  const { signal } = new AbortController()
  const stop = createStop(pipeline, settings, signal)
  for await (const _ of streamText(pipeline, 'The river', { max_new_tokens: 40 }, stop, signal)) break
  const after = runs
  assert.ok(after < 40, String(after))
  await pipeline.run('The', { max_new_tokens: 1 })
  assert.equal(runs, after + 1)
})

test('an answer that is not streamed ends between two tokens, too', async () => {
  const model = await loaded('generation')
  const controller = new AbortController()
  const reason = new Error('late')
  const answer = ask(
    model,
    [texts('args', ['The river'])],
    { max_new_tokens: 1000 },
    contextOf(controller.signal).context,
  )
  setImmediate(() => controller.abort(reason))
  await assert.rejects(answer, reason)
})

test('a request that is over before it begins makes nothing', async () => {
  const model = await loaded('generation')
  const request = requestOf([texts('args', ['The river'])])
  await assert.rejects(read(model, request, AbortSignal.abort(new Error('gone'))), /gone/)
})

test('a stream is of one text', async () => {
  const model = await loaded('generation')
  await assert.rejects(read(model, requestOf([texts('array_inputs', ['a', 'b'])])), {
    code: 'INVALID_ARGUMENT',
    message: 'a stream is of one text, 2 were given; send a request for each',
  })
})

test('a stream of a task that makes no text has one answer', async () => {
  const model = await loaded('classification')
  const responses = []
  const request = requestOf([texts('args', ['good'])])
  for await (const response of model.bound.predictStream(once(request), contextOf().context))
    responses.push(response)
  assert.equal(responses.length, 1)
})

test('no more tokens are made than the settings allow, whatever is asked', async () => {
  const model = await loaded('generation', { extra: { max_new_tokens_limit: 4 } })
  for (const name of ['max_new_tokens', 'max_length', 'min_new_tokens']) {
    await assert.rejects(ask(model, [texts('args', ['The'])], { [name]: 5 }), {
      code: 'INVALID_ARGUMENT',
      message: `'${name}' is 5; at most 4 are allowed (max_new_tokens_limit)`,
    })
  }
  const [limited] = await ask(model, [texts('args', ['The'])])
  const [four] = await ask(model, [texts('args', ['The'])], { max_new_tokens: 4 })
  assert.deepEqual(limited, four)
})

test('a length counts what was asked, too', async () => {
  const model = await loaded('generation')
  const [six] = await ask(model, [texts('args', ['The river runs'])], { max_length: 6 })
  const [all] = await ask(model, [texts('args', ['The river runs'])], { max_new_tokens: 12 })
  const [short, long] = [six, all].map(answer => (answer as { generated_text: string }).generated_text)
  assert.ok(short!.length < long!.length)
  assert.ok(short!.length > 'The river runs'.length)
})

test('generation ends where the model has no more positions', async () => {
  const model = await loaded('generation')
  const [answer] = await ask(model, [texts('args', ['over and over '.repeat(40)])], { max_new_tokens: 100 })
  assert.equal(typeof (answer as { generated_text: string }).generated_text, 'string')
  const [long] = await ask(model, [texts('args', ['The'])], { max_new_tokens: 1000 })
  assert.equal(typeof (long as { generated_text: string }).generated_text, 'string')
})

test('texts of one request are continued as they are alone', async () => {
  const model = await loaded('generation', { maxBatchSize: 4 })
  const all = ['The river runs', 'a', 'Rain in the night']
  const parameters = { max_new_tokens: 9 }
  const together = await ask(model, [texts('array_inputs', all)], parameters)
  const alone = []
  for (const text of all) alone.push(...(await ask(model, [texts('array_inputs', [text])], parameters)))
  assert.deepEqual(together, alone)
})
