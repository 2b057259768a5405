import { ServingError } from '../errors/index.ts'
import { type ServerSentEvent, serverSentEvents } from './event-stream.ts'
import type { HttpCaller } from './http-caller.ts'
import type { CallOptions } from './inference-client.ts'
import { readAnswer } from './manager-answer.ts'
import type { ManagerEvent } from './manager-views.ts'
import { refusalOf } from './rest-refusal.ts'
import { understood } from './understood-answer.ts'

export interface BuildLogLine {
  /** From 0. */
  readonly index: number
  readonly text: string
}

/** What changes, as it changes. Ends when the server closes it; the timeout is for its silence, heartbeats included. */
export interface EventSubscription extends AsyncIterable<ManagerEvent> {
  /** Ends it, whether or not somebody loops over it. Idempotent. */
  readonly close: () => void
}

interface ManagerStreams {
  readonly buildLog: (versionId: number, options?: CallOptions) => AsyncIterable<BuildLogLine>
  readonly servableLogs: (step: string, isFollowed: boolean, options: CallOptions) => AsyncIterable<string>
  readonly subscribe: (options?: CallOptions) => Promise<EventSubscription>
}

const EVENT_TYPE = /^(Model|Application|Servable|MetricSpec|DeploymentConfiguration)(Update|Remove)$/

/** The answers of a manager that come bit by bit. */
export function createManagerStreams(http: HttpCaller): ManagerStreams {
  return {
    buildLog: (versionId, options = {}) => buildLog(http, versionId, options),
    async *servableLogs(step, isFollowed, options) {
      const stream = await open(http, `/api/v2/servable/${step}/logs?follow=${isFollowed}`, options)
      for await (const { data } of stream.events()) yield data.toString()
    },
    async subscribe(options = {}) {
      const stream = await open(http, '/api/v2/events', options)
      return {
        close: stream.close,
        async *[Symbol.asyncIterator]() {
          for await (const event of stream.events()) {
            const known = managerEvent(event)
            if (known !== undefined) yield known
          }
        },
      }
    },
  }
}

async function* buildLog(
  http: HttpCaller,
  versionId: number,
  options: CallOptions,
): AsyncGenerator<BuildLogLine, void, undefined> {
  const path = `/api/v2/model/version/${versionId}/logs`
  let lastId: string | undefined
  let next = 0
  for (;;) {
    const before = next
    const headers = lastId === undefined ? {} : { 'last-event-id': lastId }
    const stream = await open(http, path, { ...options, headers: { ...options.headers, ...headers } })
    try {
      for await (const { name, id, data } of stream.events()) {
        if (name === 'EndOfStream') return
        lastId = id ?? lastId
        next = id !== undefined && /^\d{1,15}$/.test(id) ? Number(id) + 1 : next + 1
        yield { index: next - 1, text: data.toString() }
      }
    } catch (error) {
      // Who got lines before it broke off asks for the rest; who got none would ask for ever.
      if (!ServingError.is(error) || error.code !== 'UNAVAILABLE' || next === before) throw error
    }
    if (next === before) {
      throw new ServingError('UNAVAILABLE', `the build log of ${http.base} ended before its build did`)
    }
  }
}

interface OpenStream {
  readonly events: () => AsyncGenerator<ServerSentEvent, void, undefined>
  readonly close: () => void
}

/** Resolves when the server has agreed to stream. */
async function open(http: HttpCaller, path: string, options: CallOptions): Promise<OpenStream> {
  const call = http.start(options)
  const leave = new AbortController()
  const signal = AbortSignal.any([call.signal, leave.signal])
  let isClosed = false
  const close = () => {
    isClosed = true
    call.end()
    leave.abort()
  }
  const message = { method: 'GET', headers: { accept: 'text/event-stream' } } as const
  try {
    const response = await http.send(path, message, options, { ...call, signal })
    if (response.status !== 200) {
      throw refusalOf(response.status, response.headers, await http.readBody(response))
    }
    return { close, events: () => eventsOf(response) }
  } catch (error) {
    close()
    throw call.failure() ?? http.brokenOff(error)
  }

  async function* eventsOf({ body }: Response): AsyncGenerator<ServerSentEvent, void, undefined> {
    try {
      yield* serverSentEvents(heard(body), http.maxBytes)
    } catch (error) {
      if (isClosed) return
      throw call.failure() ?? http.brokenOff(error)
    } finally {
      close()
    }
  }

  /** Whatever comes, comments too, shows that the server is there. */
  async function* heard(body: Response['body']): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of body ?? []) {
      call.restart()
      yield chunk
    }
  }
}

/** Undefined for events that nobody knows here. */
function managerEvent({ name, data }: ServerSentEvent): ManagerEvent | undefined {
  const [, , verb] = EVENT_TYPE.exec(name) ?? []
  if (verb === undefined) return undefined
  const json = verb === 'Update' ? readAnswer<object>(data, {}) : removed(data)
  return { type: name, data: json } as ManagerEvent
}

/** Names may come bare or as JSON. */
function removed(data: Buffer): string {
  const text = data.toString().trim()
  return text.startsWith('"') ? understood(() => String(JSON.parse(text))) : text
}
