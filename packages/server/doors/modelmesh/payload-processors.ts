import { type Logger, ServingError } from '@millrace/sdk'
import type { PayloadHook } from './mesh-methods.ts'
import type { PayloadTarget } from './payload-target.ts'

export interface PayloadProcessors {
  readonly hook: PayloadHook
  /** Gives up what waits. */
  close(): void
}

export interface PayloadProcessorsOptions {
  readonly targets: readonly PayloadTarget[]
  /** Payloads that may wait; more are dropped, which the log is told once a minute. */
  readonly capacity: number
  /** How many are told at once. */
  readonly parallelism: number
  readonly log: Logger
}

interface Payload {
  readonly id: string
  readonly modelid: string
  readonly vModelId: string | null
  /** Base64. */
  readonly data: string
  readonly kind: 'request' | 'response'
  /** The name of the code that the answer ends with. */
  readonly status: string
  readonly metadata: Readonly<Record<string, string>>
}

interface Waiting {
  readonly target: PayloadTarget
  readonly method: string
  readonly sizeBytes: number
  readonly payload: () => Payload
}

const MAX_WAITING_BYTES = 256 * 1024 * 1024
const TIMEOUT_MS = 10_000
const MINUTE_MS = 60_000

/** Tells others of requests and answers, behind the requests' backs: nobody waits for it, and nothing fails with it. */
export function createPayloadProcessors(options: PayloadProcessorsOptions): PayloadProcessors {
  const { targets, capacity, parallelism, log } = options
  const closing = new AbortController()
  const waiting: Waiting[] = []
  let waitingBytes = 0
  let runningCount = 0
  let exchanges = 0
  const warn = {
    dropped: onceAMinute(count =>
      log.warn('payloads were dropped, because too many wait', { count, capacity }),
    ),
    failed: onceAMinute((count, error) => log.warn('payloads could not be delivered', { count, error })),
  }

  const deliver = async ({ target, method, payload }: Waiting) => {
    const content = payload()
    if (target.url === undefined) {
      log.info('payload', { method, ...content })
      return
    }
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(TIMEOUT_MS)])
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(target.url, {
      method: 'POST',
      headers,
      body: JSON.stringify(content),
      signal,
    })
    await response.body?.cancel()
    if (response.status !== 200) throw new Error(`${target.url} answered ${response.status}`)
  }
  const work = async () => {
    runningCount++
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      waitingBytes -= next.sizeBytes
      try {
        await deliver(next)
      } catch (error) {
        if (!closing.signal.aborted) warn.failed(error)
      }
    }
    runningCount--
  }
  const add = (item: Waiting) => {
    if (closing.signal.aborted) return
    if (waiting.length >= capacity || waitingBytes + item.sizeBytes > MAX_WAITING_BYTES) {
      warn.dropped(undefined)
      return
    }
    waiting.push(item)
    waitingBytes += item.sizeBytes
    if (runningCount < parallelism) void work()
  }

  return {
    hook({ method, modelId, aliasId, message, headers }) {
      const wanted = targets.filter(
        target => (target.modelId ?? modelId) === modelId && isMethod(target.method, method),
      )
      if (wanted.length === 0) return null
      const common = { id: `${process.pid}-${++exchanges}`, modelid: modelId, vModelId: aliasId ?? null }
      const tell = (bytes: Buffer, kind: Payload['kind'], status: string, metadata: Payload['metadata']) => {
        const payload = () => ({ ...common, data: bytes.toString('base64'), kind, status, metadata })
        for (const target of wanted) add({ target, method, sizeBytes: bytes.length, payload })
      }
      // Copies: what the request lies in belongs to others once it is answered.
      tell(Buffer.from(message), 'request', '', { ...headers })
      return answer => {
        if ('error' in answer) {
          const code = ServingError.is(answer.error) ? answer.error.code : 'INTERNAL'
          tell(Buffer.alloc(0), 'response', code, {})
        } else {
          const bytes = answer.message instanceof Uint8Array ? [answer.message] : answer.message
          tell(Buffer.concat(bytes), 'response', 'OK', {})
        }
      }
    },
    close() {
      closing.abort()
      waiting.length = 0
    },
  }
}

function isMethod(wanted: string | undefined, method: string): boolean {
  return wanted === undefined || wanted === method || method.endsWith(`/${wanted}`)
}

/** Says how often something happened since it was said last. */
function onceAMinute(say: (count: number, latest: unknown) => void): (latest: unknown) => void {
  let count = 0
  let saidMs = Number.NEGATIVE_INFINITY
  return latest => {
    count++
    if (performance.now() - saidMs < MINUTE_MS) return
    saidMs = performance.now()
    say(count, latest)
    count = 0
  }
}
