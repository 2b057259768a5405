import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { type ErrorCode, type InferenceRequest, type InferenceResponse, ServingError } from '@millrace/sdk'
import type { InferenceClient } from '@millrace/sdk/client'
import type { LineRequest } from './line-request.ts'
import { mergeRequests, splitResponse } from './merge-requests.ts'
import { answerLine, failureLine } from './output-line.ts'

/** What may be otherwise when it is asked again. INTERNAL is: a model may fail by chance. */
const RETRIED: ReadonlySet<ErrorCode> = new Set([
  'UNAVAILABLE',
  'RESOURCE_EXHAUSTED',
  'DEADLINE_EXCEEDED',
  'INTERNAL',
])
/** The request is too large, and will be. */
const CONTENT_TOO_LARGE = 413
const MAX_PAUSE_MS = 60_000

export interface AskOptions {
  readonly client: InferenceClient
  /** How often a failed call is made again. */
  readonly retries: number
  /** Before each of them, unless the server says how long. */
  readonly retryPauseMs: number
  /** Aborts when no more calls are to begin; those that run go on. */
  readonly stop: AbortSignal
  /** Takes a line of output, and whether it is an answer. */
  readonly emit: (line: Uint8Array, isAnswer: boolean) => Promise<void>
  /** Told what a verbose run shows. */
  readonly note: (text: string) => void
}

export interface Asker {
  /**
   * Asks for lines that can be merged, and emits one line of output for each; none for those that were
   * not asked before `stop`.
   */
  readonly ask: (lines: readonly LineRequest[]) => Promise<void>
}

export function createAsker(options: AskOptions): Asker {
  return new LineAsker(options)
}

class LineAsker implements Asker {
  readonly #options: AskOptions
  /** False once the model has given an answer that cannot be divided: it would give more of them. */
  #canMerge = true

  constructor(options: AskOptions) {
    this.#options = options
  }

  async ask(lines: readonly LineRequest[]): Promise<void> {
    if (lines.length > 1 && this.#canMerge && (await this.#askTogether(lines))) return
    for (const line of lines) await this.#askAlone(line)
  }

  /** @returns false if the lines are to be asked one by one */
  async #askTogether(lines: readonly LineRequest[]): Promise<boolean> {
    const { emit, note } = this.#options
    const merged = mergeRequests(lines, randomUUID())
    const id = merged.id!
    let response: InferenceResponse | undefined
    try {
      response = await this.#call(merged, id)
    } catch (error) {
      const { code, message } = ServingError.from(error, 'the call failed')
      // Lines that the server cannot take together may be fine but for one of them.
      if (code !== 'UNAVAILABLE' && code !== 'DEADLINE_EXCEEDED') {
        note(
          `${lines.length} lines from ${lines[0]!.index} failed together, so they go one by one: ${message}`,
        )
        return false
      }
      for (const { index } of lines) await emit(failureLine(index, 'inference error', message), false)
      return true
    }
    if (response === undefined) return true
    const parts = splitResponse(response, lines)
    if (parts === undefined) {
      note(
        'the model answers with other rows than it was sent, so that lines cannot share a call; all go alone',
      )
      this.#canMerge = false
      return false
    }
    for (const [at, line] of lines.entries()) await this.#emitAnswer(line, parts[at]!, id)
    return true
  }

  async #askAlone(line: LineRequest): Promise<void> {
    const { id } = line.request
    let response: InferenceResponse | undefined
    try {
      response = await this.#call(line.request, id)
    } catch (error) {
      const { message } = ServingError.from(error, 'the call failed')
      await this.#options.emit(failureLine(line.index, 'inference error', message), false)
      return
    }
    if (response !== undefined) await this.#emitAnswer(line, response, id)
  }

  async #emitAnswer(line: LineRequest, response: InferenceResponse, inferenceId: string): Promise<void> {
    let text: Uint8Array
    try {
      text = answerLine(line, response, inferenceId)
    } catch (error) {
      const { message } = ServingError.from(error, 'the answer cannot be written')
      await this.#options.emit(failureLine(line.index, 'postprocessing error', message), false)
      return
    }
    await this.#options.emit(text, true)
  }

  /**
   * Calls, and calls again.
   * @returns undefined if it was stopped before it had an answer
   */
  async #call(request: InferenceRequest, id: string): Promise<InferenceResponse | undefined> {
    const { client, retries, retryPauseMs, stop, note } = this.#options
    const headers = tracingHeaders(id)
    for (let attempt = 0; ; attempt++) {
      if (stop.aborted) return undefined
      try {
        return await client.infer(request, { headers })
      } catch (thrown) {
        const error = ServingError.from(thrown, 'the call failed')
        const isLasting = !RETRIED.has(error.code) || error.httpStatus === CONTENT_TOO_LARGE
        if (isLasting || attempt === retries) throw error
        const pauseMs = Math.min(error.retryAfterMs ?? retryPauseMs, MAX_PAUSE_MS)
        note(`${id}: ${error.message}; again in ${pauseMs} ms (${attempt + 1} of ${retries})`)
        await wait(pauseMs, undefined, { signal: stop }).catch(() => {})
      }
    }
  }
}

/** The headers by which servers of this family follow a request. An id that no header can be stands for none. */
function tracingHeaders(id: string): Readonly<Record<string, string>> {
  const value = /^[!-~]{1,512}$/.test(id) ? id : randomUUID()
  return { 'seldon-puid': value, 'x-request-id': value }
}
