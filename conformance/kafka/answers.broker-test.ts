import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import { type Broker, startBroker } from './broker.ts'
import { startReader } from './server.ts'
import { openTopics, type Question, type Reply, said, saying } from './topics.ts'

let broker: Broker
before(async () => {
  broker = await startBroker('answers')
})
after(() => broker.stop())

/** Asks a server of the test's own, and returns as many replies as are awaited. */
async function ask(
  t: TestContext,
  questions: readonly Question[],
  settings: Readonly<Record<string, unknown>> = {},
  count = questions.length,
): Promise<readonly Reply[]> {
  const topics = await openTopics(broker)
  t.after(() => topics.close())
  const server = await startReader(broker, topics, {
    ...settings,
    ...(settings['kafka_dead_letter_topic'] === true ? { kafka_dead_letter_topic: topics.deadLetters } : {}),
    kafka_group_id: 'answers',
  })
  t.after(() => server.close())
  await topics.ask(...questions)
  return topics.until(replies => replies.length >= count)
}

describe('a record is answered', () => {
  test('with its key as the id, the headers of the model and those of CloudEvents', async t => {
    const headers = {
      'mlserver-model': 'probe',
      'mlserver-version': 'v1',
      'mlserver-method': 'infer',
      'X-Said': 'grüß',
    }
    const [reply] = await ask(t, [{ key: 'k-1', headers, value: { id: 'other', ...saying('hello') } }])
    assert.equal(reply!.key, 'k-1')
    assert.equal(reply!.value['id'], 'k-1')
    assert.equal(reply!.value['model_name'], 'probe')
    assert.equal(said(reply!), 'hello')
    assert.equal(reply!.headers['x-said'], 'grüß')
    assert.equal(reply!.headers['Ce-Id'], 'k-1')
    assert.equal(reply!.headers['Ce-Requestid'], 'k-1')
    assert.equal(reply!.headers['Ce-Type'], 'io.seldon.serving.inference.response')
    assert.equal(reply!.headers['Ce-Modelid'], 'probe')
  })

  test('with the id of its body, or a new one, if it has no key', async t => {
    const replies = await ask(t, [{ value: { id: 'mine', ...saying('a') } }, { value: saying('b') }])
    const a = replies.find(reply => said(reply) === 'a')!
    const b = replies.find(reply => said(reply) === 'b')!
    assert.deepEqual([a.key, a.value['id']], ['mine', 'mine'])
    assert.match(b.key!, /^[\da-f-]{36}$/)
    assert.equal(b.value['id'], b.key)
  })

  test('once for each answer of a stream, in their order', async t => {
    const value = { inputs: [{ name: 'text', datatype: 'BYTES', shape: [3], data: ['a', 'b', 'fail'] }] }
    const headers = { 'mlserver-model': 'probe', 'mlserver-method': 'infer_stream' }
    const replies = await ask(t, [{ key: 's', headers, value }], {}, 3)
    assert.deepEqual(replies.map(said), ['a', 'b', undefined])
    assert.deepEqual(
      replies.map(reply => reply.key),
      ['s', 's', 's'],
    )
    assert.equal(replies[2]!.headers['mlserver-error-code'], 'INVALID_ARGUMENT')
    assert.equal(replies[2]!.value['error'], 'this element fails')
  })
})

describe('an error is answered', () => {
  test('with its code, the coordinates and the id', async t => {
    const toNobody = { 'mlserver-model': 'nobody' }
    const replies = await ask(
      t,
      [
        { key: '0', headers: {}, value: saying('a') },
        { key: '1', headers: toNobody, value: saying('a') },
        { key: '2', headers: { 'mlserver-model': 'probe', 'mlserver-method': 'guess' }, value: saying('a') },
        { key: '3', value: '{"inputs": [' },
        { key: '4', value: saying('x'.repeat(70_000)) },
        { key: '5', headers: { 'mlserver-model': 'probe', much: 'x'.repeat(20_000) }, value: saying('a') },
        { key: '6', value: saying('a', { never: true }) },
        { key: '7', value: saying('a', { size: 200_000 }) },
      ],
      { http_max_body_bytes: 65_536, request_timeout: 1, shutdown_timeout: 1 },
    )
    const codes = new Map(replies.map(reply => [reply.key, reply.headers['mlserver-error-code']]))
    assert.deepEqual(
      ['0', '1', '2', '3', '4', '5', '6', '7'].map(key => codes.get(key)),
      [
        'INVALID_ARGUMENT',
        'NOT_FOUND',
        'INVALID_ARGUMENT',
        'INVALID_ARGUMENT',
        'RESOURCE_EXHAUSTED',
        'RESOURCE_EXHAUSTED',
        'DEADLINE_EXCEEDED',
        'RESOURCE_EXHAUSTED',
      ],
    )
    const unknown = replies.find(reply => reply.key === '1')!
    assert.equal(unknown.value['id'], '1')
    assert.match(String(unknown.value['error']), /nobody/)
    assert.equal(unknown.headers['mlserver-partition'], '0')
    assert.equal(unknown.headers['mlserver-offset'], '1')
  })

  test('in the dead-letter topic if there is one, with the record as it came', async t => {
    const [letter] = await ask(
      t,
      [{ key: 'd', headers: { 'mlserver-model': 'probe', mine: 'yes' }, value: 'no json' }],
      {
        kafka_dead_letter_topic: true,
      },
    )
    assert.equal(letter!.key, 'd')
    assert.deepEqual(letter!.value, { text: 'no json' })
    assert.equal(letter!.headers['mine'], 'yes')
    assert.equal(letter!.headers['mlserver-error-code'], 'INVALID_ARGUMENT')
    assert.match(letter!.headers['mlserver-error']!, /JSON/i)
  })
})
