import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Question } from './forms/form.ts'
import { firstText, openPlain, openWrapped, wrappedText } from './forms/grpc-stream.ts'
import { answersStill, observed } from './good-request.ts'
import { tensor, text } from './scenarios/scenario.ts'
import { isExternal, openTarget, startServer, type Target } from './target.ts'

const SENTENCE = 'What is the capital of France?'
const WORDS = ['What', ' is', ' the', ' capital', ' of', ' France?']
const SHAPE_HEADER = 'x-millrace-stream-shape'

let target: Target
before(async () => {
  target = await openTarget()
})
after(() => target.close())

function words(sentence: string, rest: Partial<Question> = {}): Question {
  return { model: 'words', inputs: [text('text', sentence)], ...rest }
}

suite("MLServer's shape, for typed contents", () => {
  test('one message a response, all with the id of the request', async () => {
    const stream = openPlain(target.client, { isRaw: false })
    stream.send(words(SENTENCE, { id: 'r1' }))
    const { answers, status } = await stream.rest()
    assert.equal(status, 'OK')
    assert.deepEqual(answers.map(firstText), WORDS)
    assert.deepEqual(new Set(answers.map(({ id }) => id)), new Set(['r1']))
    assert.deepEqual(new Set(answers.map(({ model_name: name }) => name)), new Set(['words']))
  })

  test('further requests are fed to the same call, under the first id', async () => {
    const stream = openPlain(target.client, { isRaw: false })
    stream.send(words('one two', { id: 'first' }))
    stream.send(words('three', { id: 'second' }))
    const { answers } = await stream.rest()
    assert.deepEqual(answers.map(firstText), ['one', ' two', 'three'])
    assert.deepEqual(
      answers.map(({ id }) => id),
      ['first', 'first', 'first'],
    )
  })

  test('an answer comes before the next request is sent', async () => {
    const stream = openPlain(target.client, { isRaw: false })
    for (const word of ['one', 'two', 'three']) {
      stream.send(words(word))
      assert.equal(firstText((await stream.next())!), word)
    }
    assert.deepEqual((await stream.rest()).answers, [])
  })

  test('a stream without responses', async () => {
    const stream = openPlain(target.client, { isRaw: false })
    stream.send(words(''))
    const { answers, status } = await stream.rest()
    assert.deepEqual([answers, status], [[], 'OK'])
  })

  test("the model's headers are trailing metadata", async () => {
    const stream = openPlain(target.client, { isRaw: false, headers: { 'x-foo': 'bar' } })
    stream.send({ model: 'headers', inputs: [] })
    const { headers } = await stream.rest()
    assert.equal(headers['x-foo'], 'bar')
    assert.equal(headers['ce-specversion'], '0.3')
    assert.equal(headers['ce-modelid'], 'headers')
  })

  const failures: Readonly<
    Record<string, { questions: (Question | Uint8Array)[]; said: string[]; status: string; details: RegExp }>
  > = {
    'before the first response': {
      questions: [words(SENTENCE, { parameters: { fail_after: 0 } })],
      said: [],
      status: 'INVALID_ARGUMENT',
      details: /^failed after 0 words$/,
    },
    'after some responses': {
      questions: [words(SENTENCE, { parameters: { fail_after: 2 } })],
      said: ['What', ' is'],
      status: 'INVALID_ARGUMENT',
      details: /^failed after 2 words$/,
    },
    'by a defect': {
      questions: [words(SENTENCE, { parameters: { break_after: 1 } })],
      said: ['What'],
      status: 'INTERNAL',
      details: /^Model words failed unexpectedly; the server's log has the error$/,
    },
    'for an unknown model': {
      questions: [{ model: 'my-model', version: 'v1.2.3', inputs: [text('x', 'y')] }],
      said: [],
      status: 'NOT_FOUND',
      details: /^Model my-model with version v1.2.3 not found$/,
    },
    'for an unknown datatype': {
      questions: [{ model: 'echo', inputs: [tensor('x', 'INT322', [1], [1])] }],
      said: [],
      status: 'INVALID_ARGUMENT',
      details: /Input should be 'BOOL'/,
    },
    'for a second request that breaks the contract': {
      questions: [words('one'), { model: 'words', inputs: [] }],
      said: ['one'],
      status: 'INVALID_ARGUMENT',
      details: /input 'text' is missing/,
    },
    'for a message that is none': {
      questions: [Buffer.from('nonsense')],
      said: [],
      status: 'INVALID_ARGUMENT',
      details: /cannot be read/,
    },
    'without a request': {
      questions: [],
      said: [],
      status: 'INVALID_ARGUMENT',
      details: /^the stream ended without a request$/,
    },
  }
  for (const [title, { questions, said, status, details }] of Object.entries(failures)) {
    test(`fails ${title}`, async () => {
      const stream = openPlain(target.client, { isRaw: false })
      for (const question of questions) stream.send(question)
      const end = await stream.rest()
      assert.deepEqual(end.answers.map(firstText), said)
      assert.match(end.details, details)
      assert.equal(end.status, status)
      await answersStill(target.forms[2]!)
    })
  }
})

suite("Triton's shape, for raw contents", () => {
  test('requests are independent, and answered in their order', async () => {
    const stream = openWrapped(target.client, { isRaw: true })
    stream.send(words('one two', { id: 'a' }))
    stream.send({ model: 'versions', version: '2', id: 'b', inputs: [text('x', 'y')] })
    stream.send(words('three', { id: 'c' }))
    const { answers, status } = await stream.rest()
    assert.equal(status, 'OK')
    assert.deepEqual(answers.map(wrappedText), [
      ['a', 'one'],
      ['a', ' two'],
      ['b', '2'],
      ['c', 'three'],
    ])
    assert.ok(answers.every(({ infer_response: response }) => response?.raw_output_contents.length === 1))
  })

  const failures: Readonly<
    Record<string, { question: Question | Uint8Array; said: (readonly [string, string])[] }>
  > = {
    'before its first response': {
      question: words(SENTENCE, { id: 'x', parameters: { fail_after: 0 } }),
      said: [['x', 'error: failed after 0 words']],
    },
    'after some responses': {
      question: words(SENTENCE, { id: 'x', parameters: { fail_after: 1 } }),
      said: [
        ['x', 'What'],
        ['x', 'error: failed after 1 words'],
      ],
    },
    'by a defect': {
      question: words(SENTENCE, { id: 'x', parameters: { break_after: 0 } }),
      said: [['x', "error: Model words failed unexpectedly; the server's log has the error"]],
    },
    'for an unknown model': {
      question: { model: 'none', id: 'x', inputs: [text('x', 'y')] },
      said: [['x', 'error: Model none not found']],
    },
    'for the contract': {
      question: { model: 'words', id: 'x', inputs: [text('y', 'z')] },
      said: [['x', "error: unexpected input 'y'; the model declares 'text'"]],
    },
  }
  for (const [title, { question, said }] of Object.entries(failures)) {
    test(`a request that fails ${title} does not end the stream`, async () => {
      const stream = openWrapped(target.client, { isRaw: true })
      stream.send(words('before', { id: 'a' }))
      stream.send(question)
      stream.send(words('after', { id: 'b' }))
      const { answers, status } = await stream.rest()
      assert.deepEqual(answers.map(wrappedText), [['a', 'before'], ...said, ['b', 'after']])
      assert.equal(status, 'OK')
    })
  }

  test('a message that cannot be read, even the first one, does not end the stream', async () => {
    const stream = openWrapped(target.client, { isRaw: true })
    stream.send({ model: 'echo', inputs: [tensor('x', 'INT322', [1], [1])] })
    stream.send(words('after', { id: 'b' }))
    const { answers, status } = await stream.rest()
    assert.match(wrappedText(answers[0]!)[1], /^error: tensor 'x' has datatype "INT322"/)
    assert.deepEqual(answers.slice(1).map(wrappedText), [['b', 'after']])
    assert.equal(status, 'OK')
  })

  test('an empty final response for those who ask for it', async () => {
    const parameters = { triton_enable_empty_final_response: true }
    const stream = openWrapped(target.client, { isRaw: true })
    stream.send(words('one two', { id: 'a', parameters }))
    stream.send(words('', { id: 'b', parameters }))
    stream.send(words('three', { id: 'c' }))
    const { answers } = await stream.rest()
    assert.deepEqual(answers.map(wrappedText), [
      ['a', 'one'],
      ['a', ' two'],
      ['a', 'final'],
      ['b', 'final'],
      ['c', 'three'],
    ])
    assert.deepEqual(answers[2]?.infer_response?.outputs, [])
  })

  test('a stream without responses', async () => {
    const stream = openWrapped(target.client, { isRaw: true })
    stream.send(words(''))
    const { answers, status } = await stream.rest()
    assert.deepEqual([answers, status], [[], 'OK'])
  })
})

suite('which shape', () => {
  test('a client that says triton gets it with typed contents too', async () => {
    const stream = openWrapped(target.client, { isRaw: false, headers: { [SHAPE_HEADER]: 'triton' } })
    stream.send(words('one', { id: 'a' }))
    const { answers } = await stream.rest()
    assert.deepEqual(answers.map(wrappedText), [['a', 'one']])
    assert.deepEqual(answers[0]?.infer_response?.raw_output_contents, [])
  })

  test('a client that says triton may end a stream without a request', async () => {
    const stream = openWrapped(target.client, { isRaw: true, headers: { [SHAPE_HEADER]: 'triton' } })
    assert.equal((await stream.rest()).status, 'OK')
  })

  test('a client that says mlserver gets it with raw contents too', async () => {
    const stream = openPlain(target.client, { isRaw: true, headers: { [SHAPE_HEADER]: 'mlserver' } })
    stream.send(words('one'))
    const { answers } = await stream.rest()
    assert.deepEqual(answers.map(firstText), ['one'])
    assert.equal(answers[0]?.raw_output_contents.length, 1)
  })

  test('a client that says something else is told what there is', async () => {
    const stream = openPlain(target.client, { isRaw: true, headers: { [SHAPE_HEADER]: 'kserve' } })
    stream.send(words('one'))
    const { status, details } = await stream.rest()
    assert.equal(status, 'INVALID_ARGUMENT')
    assert.equal(details, "metadata x-millrace-stream-shape is 'kserve'; it must be triton or mlserver")
  })

  test('a setting decides for clients that do not say', { skip: isExternal }, async () => {
    const plain = await startServer({ settings: { grpc_stream_shape: 'mlserver' } })
    try {
      const stream = openPlain(plain.client, { isRaw: true })
      stream.send(words('one'))
      assert.deepEqual((await stream.rest()).answers.map(firstText), ['one'])
    } finally {
      await plain.close()
    }
  })
})

suite('a client that cancels', () => {
  for (const isRaw of [false, true]) {
    test(`aborts the model; ${isRaw ? 'raw' : 'typed'} contents`, async () => {
      const key = crypto.randomUUID()
      const stream = (isRaw ? openWrapped : openPlain)(target.client, { isRaw })
      stream.send(words(SENTENCE, { id: key, parameters: { hold_after: 1 } }))
      assert.notEqual(await stream.next(), undefined)
      await observed(target, key, 'entered')
      stream.cancel()
      assert.equal(await observed(target, key, 'aborted'), 'CANCELLED')
      await observed(target, key, 'closed')
      assert.equal((await stream.rest()).status, 'CANCELLED')
      await answersStill(target.forms[isRaw ? 3 : 2]!)
    })
  }
})
