import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type InferenceRequest, type InferenceResponse, ServingError } from '@millrace/sdk'
import { createLogger } from '../../base/index.ts'
import type { Call, DataPlane } from '../../dataplane/index.ts'
import { type AnswerOptions, recordAnswerer } from './answer-record.ts'
import type { InputRecord, OutputRecord } from './kafka-record.ts'

const BODY = JSON.stringify({ inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [7] }] })

function record(
  fields: Partial<InputRecord> = {},
  headers: Readonly<Record<string, string>> = {},
): InputRecord {
  return {
    topic: 'in',
    partition: 3,
    offset: 12n,
    key: Buffer.from('k'),
    value: Buffer.from(BODY),
    headers: Object.entries({ 'mlserver-model': 'm', ...headers }).map(([name, value]) => [
      Buffer.from(name),
      Buffer.from(value),
    ]),
    ...fields,
  }
}

type Infer = (request: InferenceRequest, call: Call) => Promise<InferenceResponse>

const echo: Infer = async ({ modelName, id, inputs }) => ({ modelName, id, outputs: inputs })

/** A record answered by a model; only what the door asks of a data plane is there. */
async function answer(
  input: InputRecord,
  options: Partial<Omit<AnswerOptions, 'dataPlane'>> & {
    readonly infer?: Infer
    readonly produce?: (record: OutputRecord) => Promise<boolean>
    readonly ending?: AbortSignal
  } = {},
) {
  const { infer = echo, produce, ending = new AbortController().signal, ...rest } = options
  const produced: OutputRecord[] = []
  const answering = recordAnswerer({
    dataPlane: { infer } as DataPlane,
    log: createLogger({ isStructured: true, level: 'silent' }),
    outputTopic: 'out',
    deadLetterTopic: undefined,
    maxBodyBytes: 1024,
    maxHeaderBytes: 256,
    requestTimeoutMs: 60_000,
    ...rest,
  })
  const outcome = await answering(
    input,
    async reply => {
      produced.push(reply)
      return produce === undefined ? true : produce(reply)
    },
    ending,
  )
  return {
    outcome,
    replies: produced.map(({ topic, key, value, headers }) => ({
      topic,
      key: key?.toString(),
      value: value?.toString(),
      headers: Object.fromEntries(Array.from(headers, pair => pair.map(String) as [string, string])),
    })),
  }
}

const setting: Infer = async (request, call) => {
  assert.equal(call.headers['x-mine'], 'in')
  call.setHeader('X-Mine', 'first')
  call.setHeader('x-mine', 'out')
  call.setHeader('ce-source', 'model')
  call.addHeaders?.([
    ['ce-source', 'server'],
    ['ce-requestid', 'k'],
  ])
  return echo(request, call)
}

test('the reply has the headers of the model, and those of the server where the model has set none', async () => {
  const { outcome, replies } = await answer(record({}, { 'X-Mine': 'in' }), { infer: setting })
  assert.equal(outcome, 'answered')
  assert.deepEqual(replies, [
    {
      topic: 'out',
      key: 'k',
      value: `{"model_name":"m","id":"k","outputs":[{"name":"x","shape":[1],"datatype":"INT32","data":[7]}]}`,
      headers: { 'x-mine': 'out', 'ce-source': 'model', 'Ce-Requestid': 'k' },
    },
  ])
})

const padded = (sizeBytes: number) => Buffer.from(BODY.padEnd(sizeBytes))

async function codeOf(input: InputRecord): Promise<string | undefined> {
  return (await answer(input)).replies[0]!.headers['mlserver-error-code']
}

test('limits hold to the byte', async () => {
  assert.equal(await codeOf(record({ value: padded(1024) })), undefined)
  assert.equal(await codeOf(record({ value: padded(1025) })), 'RESOURCE_EXHAUSTED')
  const left = 256 - 'mlserver-modelm'.length
  assert.equal(await codeOf(record({ key: Buffer.alloc(left, 'k') })), undefined)
  assert.equal(await codeOf(record({ key: Buffer.alloc(left + 1, 'k') })), 'RESOURCE_EXHAUSTED')
  assert.equal(await codeOf(record({ value: undefined })), 'INVALID_ARGUMENT')
})

test('an error is answered with code and coordinates, and what a defect said stays in the log', async () => {
  const { outcome, replies } = await answer(record(), { infer: () => Promise.reject(new Error('secret')) })
  assert.equal(outcome, 'failed')
  assert.deepEqual(replies, [
    {
      topic: 'out',
      key: 'k',
      value: `{"error":"the record could not be answered; the server's log has the error","id":"k"}`,
      headers: {
        'mlserver-error-code': 'INTERNAL',
        'mlserver-topic': 'in',
        'mlserver-partition': '3',
        'mlserver-offset': '12',
      },
    },
  ])
})

test('a model that does not answer in time is not awaited, and learns of it', async () => {
  let signal: AbortSignal | undefined
  const infer: Infer = (_, call) => {
    signal = call.signal
    return new Promise(() => {})
  }
  const { replies } = await answer(record(), { infer, requestTimeoutMs: 1 })
  assert.equal(replies[0]!.headers['mlserver-error-code'], 'DEADLINE_EXCEEDED')
  assert.equal(signal!.aborted, true)
})

const busyForLong = () =>
  Promise.reject(new ServingError('RESOURCE_EXHAUSTED', 'busy', { retryAfterMs: 60_000 }))

test('a model that is too busy is asked again when it says, unless that is too late', async () => {
  let asked = 0
  const busyTwice: Infer = async (request, call) => {
    asked += 1
    if (asked <= 2) throw new ServingError('RESOURCE_EXHAUSTED', 'busy', { retryAfterMs: 1 })
    return echo(request, call)
  }
  assert.equal((await answer(record(), { infer: busyTwice })).outcome, 'answered')
  assert.equal(asked, 3)

  const { replies } = await answer(record(), { infer: busyForLong, requestTimeoutMs: 1000 })
  assert.equal(replies[0]!.headers['mlserver-error-code'], 'RESOURCE_EXHAUSTED')
})

test('a reply that is too large becomes a small error; a dead letter too', async () => {
  const produce = async ({ value }: OutputRecord) => (value?.length ?? 0) < BODY.length
  const { outcome, replies } = await answer(record({ key: Buffer.from('k'.repeat(100)) }), { produce })
  assert.equal(outcome, 'failed')
  assert.equal(replies.at(-1)!.headers['mlserver-error-code'], 'RESOURCE_EXHAUSTED')

  const letters = await answer(record({}, { 'mlserver-method': '?' }), { produce, deadLetterTopic: 'dead' })
  assert.deepEqual(
    letters.replies.map(({ topic, key }) => [topic, key]),
    [
      ['dead', 'k'],
      ['dead', 'k'],
    ],
  )
  assert.equal(letters.replies[0]!.value, BODY)
  assert.match(letters.replies[1]!.value!, /^\{"error":"record header mlserver-method/)
})

test('what cannot be produced, and what is dropped, has no outcome', async () => {
  const gone = new Error('the broker is gone')
  await assert.rejects(answer(record(), { produce: () => Promise.reject(gone) }), gone)
  await assert.rejects(answer(record({ value: undefined }), { produce: () => Promise.reject(gone) }), gone)

  const drop = new AbortController()
  const reason = new ServingError('UNAVAILABLE', 'the server is stopping')
  const infer: Infer = async () => {
    drop.abort(reason)
    return new Promise(() => {})
  }
  await assert.rejects(answer(record(), { infer, ending: drop.signal }), reason)
})
