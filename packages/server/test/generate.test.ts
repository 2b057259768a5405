import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { modelFiles, startTestServer, type TestServer } from './test-server.ts'

/** Says what it was asked, as JSON. */
const MODEL = `export class TestModel {
  #answer({ inputs, parameters }, text) {
    const asked = Object.fromEntries(inputs.map(({ name, datatype, shape, data }) =>
      [name, [datatype, shape, datatype === 'BYTES' ? [...data].map((_, i) => data.textAt(i)) : Array.from(data, Number)]]))
    const outputs = [
      { name: 'said', datatype: 'BYTES', shape: [1], data: [text ?? JSON.stringify({ asked, parameters })] },
      { name: 'numbers', datatype: 'INT64', shape: [2], data: [1n, 9007199254740993n] },
    ]
    return { parameters: { finish: 'length', numbers: 'hidden' }, outputs }
  }
  predict(request) { return this.#answer(request) }
  async *predictStream(requests) {
    for await (const request of requests) {
      const { data } = request.inputs.find(({ datatype }) => datatype === 'BYTES')
      for (const word of data.textAt(0).split(' ')) {
        if (word === 'break') throw new Error('secret')
        yield this.#answer(request, word)
      }
    }
  }
}
`
const TEXT = { name: 'prompt', datatype: 'BYTES', shape: [-1, 1] }
const NUMBERS = { name: 'bias', datatype: 'FP32', shape: [1, -1], optional: true }

async function started(t: TestContext, inputs: readonly object[]): Promise<TestServer> {
  const files = modelFiles('m', MODEL, { name: 'm', inputs, enforce_contract: false })
  const server = await startTestServer(t, files, { parallel_workers: 0 })
  assert.deepEqual(await server.server.started, [])
  return server
}

type Answer = Readonly<Record<string, unknown>>

async function generate(server: TestServer, body: object): Promise<Answer> {
  const { status, body: answer } = await server.post('/v2/models/m/generate', body)
  assert.equal(status, 200, JSON.stringify(answer))
  return answer as Answer
}

async function asked(server: TestServer, body: object): Promise<unknown> {
  return JSON.parse((await generate(server, body))['text_output'] as string)
}

test('text_input in, text_output out, and all other outputs under their names', async t => {
  const server = await started(t, [TEXT])
  const { rest } = server.server
  const response = await fetch(`http://${rest.host}:${rest.port}/v2/models/m/generate`, {
    method: 'POST',
    body: JSON.stringify({ id: '7', text_input: 'hi' }),
  })
  assert.equal(response.headers.get('content-type'), 'application/json')
  assert.equal(response.headers.get('ce-id'), '7')
  const said = JSON.stringify(JSON.stringify({ asked: { prompt: ['BYTES', [1, 1], ['hi']] } }))
  assert.equal(
    await response.text(),
    `{"model_name":"m","id":"7","finish":"length","text_output":${said},"numbers":[1,9007199254740993]}`,
  )
})

test('a request without an id has none in its answer', async t => {
  const answer = await generate(await started(t, [TEXT]), { text_input: 'hi' })
  assert.equal('id' in answer, false)
})

suite('members', () => {
  test('called like an input are it, others are request parameters; within parameters likewise', async t => {
    const server = await started(t, [TEXT, NUMBERS])
    const body = { text_input: ['a'], top: 1, parameters: { bias: [1, 2.5], max_tokens: 20, stop: ['x'] } }
    assert.deepEqual(await asked(server, body), {
      asked: { prompt: ['BYTES', [1, 1], ['a']], bias: ['FP32', [1, 2], [1, 2.5]] },
      parameters: { top: 1, max_tokens: 20, stop: ['x'] },
    })
  })

  test('an input called text_input is preferred to another text', async t => {
    const server = await started(t, [TEXT, { ...TEXT, name: 'text_input' }])
    assert.deepEqual(await asked(server, { text_input: 'a', prompt: 'b' }), {
      asked: { text_input: ['BYTES', [1, 1], ['a']], prompt: ['BYTES', [1, 1], ['b']] },
    })
  })

  test('the only input of texts goes by its own name, too, but not by both', async t => {
    const server = await started(t, [TEXT])
    const { status, body } = await server.post('/v2/models/m/generate', { text_input: 'a', prompt: 'b' })
    assert.equal(status, 400)
    assert.deepEqual(body, { error: "'prompt' is given twice" })
  })

  const wrong: [title: string, body: object, status: number, message: RegExp][] = [
    ['a number for a text', { text_input: 5 }, 400, /tensor 'prompt'.*5/],
    ['no text', { text_input: null }, 400, /tensor 'prompt'/],
    ['a list of lists', { text_input: [['a']] }, 400, /'prompt' is a list of lists/],
    ['a text for a number', { text_input: 'a', bias: 'b' }, 400, /tensor 'bias'/],
    ['a name twice', { text_input: 'a', top: 1, parameters: { top: 2 } }, 400, /'top' is given twice/],
    ['an id that is no text', { text_input: 'a', id: 5 }, 422, /id: Input should be a valid string/],
    ['parameters that are none', { text_input: 'a', parameters: [] }, 422, /parameters: Input should be/],
  ]
  for (const [title, request, expected, message] of wrong) {
    test(`wrong: ${title}`, async t => {
      const server = await started(t, [TEXT, NUMBERS])
      const { status, body } = await server.post('/v2/models/m/generate', request)
      assert.equal(status, expected)
      assert.match((body as { error: string }).error, message)
    })
  }

  test('more texts than the shape has room for', async t => {
    const server = await started(t, [{ ...TEXT, shape: [1] }])
    const { status, body } = await server.post('/v2/models/m/generate', { text_input: ['a', 'b'] })
    assert.equal(status, 400)
    assert.match((body as { error: string }).error, /2 elements, which do not fit its declared shape \[1\]/)
  })
})

suite('models without a place for a text say what they have', () => {
  const rows: [inputs: readonly object[], declared: RegExp][] = [
    [[], /the model declares no inputs/],
    [[NUMBERS], /declares 'bias' FP32 \[1, ?-1\]/],
    [[TEXT, { ...TEXT, name: 'other' }], /declares 'prompt' BYTES .*, 'other' BYTES/],
    [[{ ...NUMBERS, name: 'text_input' }], /declares 'text_input' FP32/],
  ]
  for (const [inputs, declared] of rows) {
    test(String(declared), async t => {
      const server = await started(t, inputs)
      const { status, body } = await server.post('/v2/models/m/generate', { text_input: 'a' })
      assert.equal(status, 400)
      assert.match((body as { error: string }).error, declared)
    })
  }

  test('and an unknown model is 404', async t => {
    const server = await started(t, [TEXT])
    const { status, body } = await server.post('/v2/models/n/generate', { text_input: 'a' })
    assert.deepEqual([status, body], [404, { error: 'Model n not found' }])
  })
})

suite('inference requests are what they are', () => {
  const inputs = [{ name: 'prompt', shape: [1, 1], datatype: 'BYTES', data: ['text_input'] }]
  for (const body of [{ inputs }, { text_input: 'ignored', inputs }, { inputs, text_input: 5 }]) {
    test(JSON.stringify(Object.keys(body)), async t => {
      const answer = await generate(await started(t, [TEXT]), body)
      assert.equal(typeof answer['id'], 'string')
      assert.ok(Array.isArray(answer['outputs']))
    })
  }

  test('a body that is neither is told what an inference request needs', async t => {
    const { status, body } = await (await started(t, [TEXT])).post('/v2/models/m/generate', { text: 'a' })
    assert.equal(status, 422)
    assert.match((body as { error: string }).error, /inputs: Field required/)
  })
})

const stream = async (server: TestServer, text: string) =>
  server.post('/v2/models/m/generate_stream', { id: 's', text_input: text })

const event = (text: string) =>
  `data: {"model_name":"m","id":"s","finish":"length","text_output":"${text}","numbers":[1,9007199254740993]}\n\n`

suite('generate_stream', () => {
  test('an event for each answer', async t => {
    const { status, headers, body } = await stream(await started(t, [TEXT]), 'a b')
    assert.equal(status, 200)
    assert.equal(headers.get('content-type'), 'text/event-stream; charset=utf-8')
    assert.equal(body, event('a') + event('b'))
  })

  test('an error later is an event, an error at first a status', async t => {
    const server = await started(t, [TEXT])
    const late = await stream(server, 'a break')
    assert.equal(late.status, 200)
    assert.match(late.body as string, /\n\ndata: \{"error":"Model m failed unexpectedly[^}]*"\}\n\n$/)
    assert.equal((await stream(server, 'break')).status, 500)
  })
})

const code = (outputs: string) =>
  `export class TestModel { inputs = [${JSON.stringify(TEXT)}]; predict() { return { outputs: ${outputs} } } }`

const text = (name: string) => `{ name: '${name}', datatype: 'BYTES', shape: [1], data: ['x'] }`

const ask = async (t: TestContext, outputs: string) => {
  const settings = { name: 'm', inputs: [TEXT] }
  const server = await startTestServer(t, modelFiles('m', code(outputs), settings), { parallel_workers: 0 })
  await server.server.started
  return server.post('/v2/models/m/generate', { text_input: 'a' })
}

suite('answers', () => {
  test('two texts keep their names', async t => {
    const { body } = await ask(t, `[${text('a')}, ${text('b')}]`)
    assert.deepEqual(body, { model_name: 'm', a: 'x', b: 'x' })
  })

  test('text_output is itself, whatever is beside it', async t => {
    const { body } = await ask(t, `[${text('text_output')}, ${text('b')}]`)
    assert.deepEqual(body, { model_name: 'm', text_output: 'x', b: 'x' })
  })

  test('no elements are an empty list', async t => {
    const { body } = await ask(t, `[{ name: 'n', datatype: 'FP32', shape: [0], data: [] }]`)
    assert.deepEqual(body, { model_name: 'm', n: [] })
  })

  test('an output that would pass for the id is refused', async t => {
    const { status, body } = await ask(t, `[{ name: 'id', datatype: 'INT8', shape: [1], data: [1] }]`)
    assert.equal(status, 400)
    assert.match((body as { error: string }).error, /output 'id' has no place in a generate response/)
  })
})
