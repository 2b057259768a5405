import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { bodyOf, readRefusal } from './forms/rest.ts'
import { openTarget, type Target } from './target.ts'

let target: Target
before(async () => {
  target = await openTarget()
})
after(() => target.close())

function post(path: string, body: object): Promise<Response> {
  return fetch(new URL(path, target.rest), { method: 'POST', body: JSON.stringify(body) })
}

suite("Triton's generate", () => {
  for (const path of ['/v2/models/words/generate', '/v2/models/versions/versions/2/generate']) {
    test(`${path}: a body with inputs is an inference request`, async () => {
      const inputs = [{ name: 'text', datatype: 'BYTES', shape: [1], data: ['a'] }]
      const response = await post(path, { inputs: path.includes('words') ? inputs : [] })
      assert.equal(response.status, 200)
      assert.ok('outputs' in ((await response.json()) as object))
    })
  }

  test('a text in, a text out', async () => {
    const response = await post('/v2/models/words/generate', { id: '7', text_input: 'What is this?' })
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('content-type'), 'application/json')
    assert.deepEqual(await response.json(), { model_name: 'words', id: '7', text_output: 'What is this?' })
  })

  test('streamed, with parameters of the request', async () => {
    const body = { text_input: 'What is this?', parameters: { fail_after: 2 } }
    const response = await post('/v2/models/words/generate_stream', body)
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
    const events = (await response.text()).split('\n\n')
    assert.deepEqual(events, [
      'data: {"model_name":"words","text_output":"What"}',
      'data: {"model_name":"words","text_output":" is"}',
      'data: {"error":"failed after 2 words"}',
      '',
    ])
  })

  test('an error before the first event has a status', async () => {
    const body = { text_input: 'What is this?', fail_after: 0 }
    const response = await post('/v2/models/words/generate_stream', body)
    const { status, message } = readRefusal(response, await bodyOf(response))
    assert.deepEqual([status, message], [400, 'failed after 0 words'])
  })

  test('a model without a text says what it has', async () => {
    const response = await post('/v2/models/sum-model/generate', { text_input: 'a' })
    const { status, message } = readRefusal(response, await bodyOf(response))
    assert.equal(status, 400)
    assert.match(message, /Model sum-model has no input for 'text_input'.*'input-0' FP32/)
  })
})
