import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { type InferenceRequest, type InferenceResponse, ServingError } from '@millrace/sdk'
import { parseInferRequest } from '@millrace/sdk/protocol'
import type { ServerLogger } from '../../base/index.ts'
import type { DataPlane } from '../../dataplane/index.ts'
import { KafkaCall } from './kafka-call.ts'
import type { InputRecord, OutputRecord, Produce } from './kafka-record.ts'
import { deadLetter, errorRecord, replyRecord, smallErrorRecord } from './replies.ts'
import { headerTexts, type RequestHeaders, readRequestHeaders } from './request-headers.ts'
import { unless } from './waiting.ts'

export interface AnswerOptions {
  readonly dataPlane: DataPlane
  readonly log: ServerLogger
  readonly outputTopic: string
  /** Undefined: errors are answered in the output topic. */
  readonly deadLetterTopic: string | undefined
  readonly maxBodyBytes: number
  /** Of key and headers together. */
  readonly maxHeaderBytes: number
  readonly requestTimeoutMs: number
}

/** `failed`: what was produced last is an error or a dead letter. */
export type Outcome = 'answered' | 'failed'

/**
 * Answers one record: with one reply, with those of a stream in their order, or with an error. Resolves when the
 * broker has them all.
 * @param ending aborted when nothing may be produced any more; its reason is thrown then
 * @throws what `produce` rejects with
 */
export type AnswerRecord = (input: InputRecord, produce: Produce, ending: AbortSignal) => Promise<Outcome>

export function recordAnswerer(options: AnswerOptions): AnswerRecord {
  const { dataPlane, log, outputTopic, requestTimeoutMs } = options
  return async (input, produce, ending) => {
    let id: string | undefined
    const refuse = async (error: ServingError): Promise<Outcome> => {
      ending.throwIfAborted()
      await unless(ending, produceError(options, input, id, error, produce))
      return 'failed'
    }
    const leaving = new AbortController()
    const { signal } = leaving
    const onEnding = () => leaving.abort(ending.reason)
    ending.addEventListener('abort', onEnding, { once: true })
    if (ending.aborted) onEnding()
    const timer = setTimeout(
      () => leaving.abort(new ServingError('DEADLINE_EXCEEDED', `no response within ${requestTimeoutMs} ms`)),
      requestTimeoutMs,
    )
    // Of a failure to produce: it is nobody's answer.
    let lost: { readonly error: unknown } | undefined
    const send = async (record: OutputRecord) => {
      ending.throwIfAborted()
      const isTaken = await unless(ending, produce(record)).catch((error: unknown) => {
        lost = { error }
        throw error
      })
      if (isTaken) return
      throw new ServingError(
        'RESOURCE_EXHAUSTED',
        `the answer is larger than topic '${record.topic}' takes (max.message.bytes of the broker)`,
      )
    }
    try {
      const headers = readHeaders(input, options.maxHeaderBytes)
      id = input.key === undefined || input.key.length === 0 ? undefined : input.key.toString()
      const asked = readRequestHeaders(headers)
      const request = readRequest(input, asked, id, options.maxBodyBytes)
      id = request.id
      const call = new KafkaCall(headers, Date.now() + requestTimeoutMs, signal)
      if (asked.method === 'infer') {
        const response = await inferWithPatience(dataPlane, request, call)
        clearTimeout(timer)
        await send(replyRecord(outputTopic, response, call.replyHeaders))
      } else {
        const target = { modelName: request.modelName, modelVersion: request.modelVersion }
        for await (const response of untilAborted(
          signal,
          dataPlane.inferStream(target, one(request), call),
        )) {
          await send(replyRecord(outputTopic, response, call.replyHeaders))
        }
      }
      return 'answered'
    } catch (error) {
      if (lost !== undefined) throw lost.error
      if (!ServingError.is(error)) log.error('unexpected error', { error })
      return await refuse(
        ServingError.from(error, "the record could not be answered; the server's log has the error"),
      )
    } finally {
      clearTimeout(timer)
      ending.removeEventListener('abort', onEnding)
    }
  }
}

/** What a model that is busy is given, at most, before it is asked again. */
const LONGEST_PAUSE_MS = 1000

/**
 * Asks again, as long as there is time, where the server or the model is too busy and says when to come back: a topic
 * is a queue, and a record that waits here keeps others from being fetched.
 */
async function inferWithPatience(
  dataPlane: DataPlane,
  request: InferenceRequest,
  call: KafkaCall,
): Promise<InferenceResponse> {
  const { signal } = call
  while (true) {
    try {
      return await unless(signal, dataPlane.infer(request, call))
    } catch (error) {
      const pauseMs =
        ServingError.is(error) && error.code === 'RESOURCE_EXHAUSTED' ? error.retryAfterMs : undefined
      if (pauseMs === undefined || signal.aborted || Date.now() + pauseMs >= call.deadlineMs) throw error
      await unless(signal, delay(Math.min(pauseMs, LONGEST_PAUSE_MS)))
    }
  }
}

async function produceError(
  options: AnswerOptions,
  input: InputRecord,
  id: string | undefined,
  error: ServingError,
  produce: Produce,
): Promise<void> {
  const { deadLetterTopic, outputTopic, log } = options
  const topic = deadLetterTopic ?? outputTopic
  const record =
    deadLetterTopic === undefined ? errorRecord(topic, input, id, error) : deadLetter(topic, input, error)
  if (await produce(record)) return
  const where = { topic, partition: input.partition, offset: String(input.offset) }
  log.warn('an error is answered without the record it is about, which is larger than the topic takes', where)
  if (await produce(smallErrorRecord(topic, input, id, error))) return
  log.error('an error cannot be answered: the topic does not even take small records', { ...where, error })
}

function readHeaders(
  { key, headers }: InputRecord,
  maxHeaderBytes: number,
): Readonly<Record<string, string>> {
  const sizeBytes = headers.reduce(
    (total, [name, value]) => total + (name?.length ?? 0) + (value?.length ?? 0),
    key?.length ?? 0,
  )
  if (sizeBytes > maxHeaderBytes) {
    throw new ServingError(
      'RESOURCE_EXHAUSTED',
      `key and headers of the record are ${sizeBytes} bytes; allowed: ${maxHeaderBytes} (http_max_header_bytes)`,
    )
  }
  return headerTexts(headers)
}

function readRequest(
  { value }: InputRecord,
  { modelName, modelVersion }: RequestHeaders,
  id: string | undefined,
  maxBodyBytes: number,
): InferenceRequest {
  if (value === undefined) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'the record has no value; it must be an inference request in JSON',
    )
  }
  if (value.length > maxBodyBytes) {
    throw new ServingError(
      'RESOURCE_EXHAUSTED',
      `the record's value is ${value.length} bytes; allowed: ${maxBodyBytes} (http_max_body_bytes)`,
    )
  }
  const request = parseInferRequest(value, { modelName, modelVersion })
  return { ...request, id: id ?? request.id ?? randomUUID() }
}

async function* one<T>(value: T): AsyncIterable<T> {
  yield value
}

async function* untilAborted(
  signal: AbortSignal,
  responses: AsyncIterable<InferenceResponse>,
): AsyncIterable<InferenceResponse> {
  const iterator = responses[Symbol.asyncIterator]()
  let isOver = false
  try {
    while (true) {
      const next = await unless(signal, iterator.next())
      isOver = next.done === true
      if (next.done === true) return
      yield next.value
    }
  } finally {
    // Not awaited: a generator that hangs hears of its end by the signal alone.
    if (!isOver) iterator.return?.().then(undefined, () => undefined)
  }
}
