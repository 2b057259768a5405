import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Question } from './forms/form.ts'
import { bodyOf, type JsonAnswer, modelPath, readRefusal } from './forms/rest.ts'
import { jsonQuestion } from './forms/rest-json.ts'
import { answersStill, observed } from './good-request.ts'
import { tensor, text } from './scenarios/scenario.ts'
import { openTarget, type Target } from './target.ts'

const SENTENCE = 'What is the capital of France?'
const WORDS = ['What', ' is', ' the', ' capital', ' of', ' France?']

let target: Target
before(async () => {
  target = await openTarget()
})
after(() => target.close())

function words(sentence: string, rest: Partial<Question> = {}): Question {
  return { model: 'words', inputs: [text('text', sentence)], ...rest }
}

function stream(question: Question, verb = 'infer_stream', signal?: AbortSignal): Promise<Response> {
  return fetch(new URL(modelPath(question, verb), target.rest), {
    method: 'POST',
    body: JSON.stringify(jsonQuestion(question)),
    signal: signal ?? null,
  })
}

type Event = JsonAnswer | { readonly error: string }

/** Each event as soon as it is there; the stream must consist of nothing else. */
async function* eventsOf(response: Response): AsyncGenerator<Event> {
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
  let rest = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const events = (rest + chunk).split('\n\n')
    rest = events.pop()!
    for (const event of events) {
      assert.match(event, /^data: \{.*\}$/)
      yield JSON.parse(event.slice('data: '.length)) as Event
    }
  }
  assert.equal(rest, '', 'the stream ends behind an event')
}

function said(event: Event): unknown {
  return 'error' in event ? event : event.outputs[0]?.data?.[0]
}

suite('server-sent events', () => {
  for (const verb of ['infer_stream', 'generate_stream']) {
    test(`${verb}: one event a response, all with the id of the request`, async () => {
      const events = await Array.fromAsync(eventsOf(await stream(words(SENTENCE, { id: 'r1' }), verb)))
      assert.deepEqual(events.map(said), WORDS)
      assert.deepEqual(new Set(events.map(event => (event as JsonAnswer).id)), new Set(['r1']))
      assert.deepEqual(events[0], {
        model_name: 'words',
        id: 'r1',
        outputs: [{ name: 'output', shape: [1], datatype: 'BYTES', data: ['What'] }],
      })
    })
  }

  test('what describes the answer is in headers of the response, not in the events', async () => {
    const response = await stream(words(SENTENCE, { id: 'r1' }))
    assert.equal(response.headers.get('ce-specversion'), '0.3')
    assert.equal(response.headers.get('ce-id'), 'r1')
    for await (const event of eventsOf(response)) assert.equal('parameters' in event, false)
  })

  test('without an id all events have the same one', async () => {
    const events = await Array.fromAsync(eventsOf(await stream(words(SENTENCE))))
    const ids = new Set(events.map(event => (event as JsonAnswer).id))
    assert.equal(ids.size, 1)
    assert.match([...ids][0]!, /^[0-9a-f-]{36}$/)
  })

  test('a stream without responses is empty', async () => {
    assert.deepEqual(await Array.fromAsync(eventsOf(await stream(words('')))), [])
  })

  test('a model that does not stream answers with one event', async () => {
    const inputs = [tensor('x', 'FP32', [2], [0.5, Number.NaN])]
    const events = await Array.fromAsync(eventsOf(await stream({ model: 'echo', inputs })))
    assert.deepEqual(
      events.map(event => (event as JsonAnswer).outputs[0]?.data),
      [[0.5, null]],
    )
  })

  test('with a version in the path', async () => {
    const events = await Array.fromAsync(
      eventsOf(await stream({ model: 'versions', version: '2', inputs: [] })),
    )
    assert.deepEqual(events.map(said), ['2'])
  })

  test('only the outputs that were asked for', async () => {
    const inputs = [tensor('x', 'INT8', [1], [1]), tensor('y', 'INT8', [1], [2])]
    const events = await Array.fromAsync(
      eventsOf(await stream({ model: 'echo', inputs, outputs: [{ name: 'y' }] })),
    )
    assert.deepEqual(
      events.map(event => (event as JsonAnswer).outputs.map(({ name }) => name)),
      [['y']],
    )
  })

  test('generate is another word for infer', async () => {
    const response = await stream(words(SENTENCE), 'generate')
    assert.equal(response.status, 200)
    assert.equal(said((await response.json()) as Event), SENTENCE)
  })
})

suite('streams that fail', () => {
  const early = {
    'the client is at fault': {
      question: words(SENTENCE, { parameters: { fail_after: 0 } }),
      status: 400,
      message: /^failed after 0 words$/,
    },
    'the model is at fault': {
      question: words(SENTENCE, { parameters: { break_after: 0 } }),
      status: 500,
      message: /^Model words failed unexpectedly; the server's log has the error$/,
    },
    'an unknown model': {
      question: { model: 'none', inputs: [] },
      status: 404,
      message: /^Model none not found$/,
    },
    'an input that the contract does not allow': {
      question: words(SENTENCE, { inputs: [] }),
      status: 400,
      message: /input 'text' is missing/,
    },
    'an output that JSON cannot carry': {
      question: { model: 'echo', inputs: [], outputs: [{ name: 'z' }] },
      status: 400,
      message: /output 'z' does not exist/,
    },
  }
  for (const [title, { question, status, message }] of Object.entries(early)) {
    test(`before the first response: ${title}`, async () => {
      const response = await stream(question)
      const refusal = readRefusal(response, await bodyOf(response))
      assert.match(refusal.message, message)
      assert.equal(refusal.status, status)
      await answersStill(target.forms[0]!)
    })
  }

  test('a body that is no request', async () => {
    const response = await fetch(new URL('/v2/models/words/infer_stream', target.rest), {
      method: 'POST',
      body: '{',
    })
    assert.equal(readRefusal(response, await bodyOf(response)).status, 422)
  })

  const late = {
    fail_after: 'failed after 2 words',
    break_after: "Model words failed unexpectedly; the server's log has the error",
  }
  for (const [parameter, error] of Object.entries(late)) {
    test(`after some responses: ${parameter}`, async () => {
      const events = await Array.fromAsync(
        eventsOf(await stream(words(SENTENCE, { parameters: { [parameter]: 2 } }))),
      )
      assert.deepEqual(events.map(said), ['What', ' is', { error }])
      await answersStill(target.forms[0]!)
    })
  }

  test('a client that leaves aborts the model, which has sent what it had', async () => {
    const key = crypto.randomUUID()
    const leaving = new AbortController()
    const response = await stream(
      words(SENTENCE, { id: key, parameters: { hold_after: 2 } }),
      'infer_stream',
      leaving.signal,
    )
    const events = eventsOf(response)
    assert.equal(said((await events.next()).value as Event), 'What')
    assert.equal(said((await events.next()).value as Event), ' is')
    await observed(target, key, 'entered')
    leaving.abort()
    assert.equal(await observed(target, key, 'aborted'), 'CANCELLED')
    await observed(target, key, 'closed')
    await assert.rejects(events.next(), { name: 'AbortError' })
    await answersStill(target.forms[0]!)
  })

  test('a client that leaves before the first response', async () => {
    const key = crypto.randomUUID()
    const leaving = new AbortController()
    const streaming = stream(
      words(SENTENCE, { id: key, parameters: { hold_after: 0 } }),
      'infer_stream',
      leaving.signal,
    )
    streaming.catch(() => {})
    await observed(target, key, 'entered')
    leaving.abort()
    assert.equal(await observed(target, key, 'aborted'), 'CANCELLED')
    await observed(target, key, 'closed')
    await assert.rejects(streaming, { name: 'AbortError' })
  })
})
