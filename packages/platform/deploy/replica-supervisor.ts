import { type Backoff, createBackoff } from './backoff.ts'
import type { Replica, ServableSpec, ServableStatus } from './deploy-driver.ts'
import { acceptsConnections } from './open-port.ts'
import { createPause, sleep } from './pauses.ts'
import { REPLICA_HOST } from './replica-environment.ts'
import type { ReplicaParts } from './replica-parts.ts'
import { type RunningReplica, startReplica } from './running-replica.ts'

/** One that was ready for this long begins anew with the shortest delay. */
const STEADY_MS = 60_000
const LONGEST_PAUSE_MS = 500
/** How often another port is tried at once, when somebody else was quicker. */
const CLASHES = 5

/** What one replica is like right now. */
export interface ReplicaView {
  readonly status: ServableStatus
  /** Only while it is ready. */
  readonly replica: Replica | undefined
}

/** One replica of a servable, which is started again and again until it is stopped. */
export interface ReplicaSupervisor {
  readonly view: ReplicaView
  /** Why a start has come to its end; undefined while the first one lasts. */
  readonly failure: string | undefined
  /** Of the processes that run; undefined while none does. */
  readonly group: number | undefined
  /** Takes it out at once; settles when its processes are gone. Idempotent, never rejects. */
  readonly stop: (graceMs: number) => Promise<void>
}

export interface SupervisorOptions {
  readonly spec: ServableSpec
  readonly parts: ReplicaParts
  readonly onLine: (line: string) => void
  /** Called after each change of `view`, not before the call that creates the supervisor has returned. */
  readonly onChange: () => void
}

export function superviseReplica(options: SupervisorOptions): ReplicaSupervisor {
  return new Supervisor(options)
}

class Supervisor implements ReplicaSupervisor {
  readonly #options: SupervisorOptions
  readonly #closing = new AbortController()
  readonly #backoff: Backoff
  readonly #done: Promise<void>
  #view: ReplicaView = {
    status: { state: 'Starting', message: 'Initialization' },
    replica: undefined,
  }
  #graceMs: number
  /** Why the last start came to its end; undefined for the first. */
  #lastEnd: string | undefined
  #failure: string | undefined
  #group: number | undefined
  #clashes = 0

  constructor(options: SupervisorOptions) {
    this.#options = options
    const { times, random } = options.parts
    this.#graceMs = times.restartGraceMs
    this.#backoff = createBackoff(times.restartDelayMs, random)
    this.#done = this.#superviseAll()
  }

  get view(): ReplicaView {
    return this.#view
  }

  get failure(): string | undefined {
    return this.#failure
  }

  get group(): number | undefined {
    return this.#group
  }

  readonly stop = (graceMs: number): Promise<void> => {
    if (!this.#closing.signal.aborted) {
      this.#graceMs = graceMs
      this.#show('NotServing', 'it is stopped')
      this.#closing.abort(new Error('it is stopped'))
    }
    return this.#done
  }

  async #superviseAll(): Promise<void> {
    // Whoever creates it has to have it before it is told of changes.
    await Promise.resolve()
    const { signal } = this.#closing
    while (!signal.aborted) {
      const end = await this.#runOnce()
      if (signal.aborted) return
      const isClash = this.#clashes > 0 && this.#clashes <= CLASHES
      this.#lastEnd = end
      if (!isClash) this.#failure = end
      this.#show('NotServing', end)
      if (isClash) continue
      const delayMs = this.#backoff.next()
      this.#options.parts.log.warn('a replica is started again', {
        servable: this.#options.spec.name,
        reason: end.split('\n', 1)[0],
        delay_ms: Math.round(delayMs),
      })
      await sleep(delayMs, signal).catch(ignore)
    }
  }

  /** From one start to its end. Returns why it has ended. */
  async #runOnce(): Promise<string> {
    const { spec, parts, onLine } = this.#options
    let endStart: (() => void) | undefined
    let running: RunningReplica
    try {
      endStart = await parts.slots.take(this.#closing.signal)
      running = await startReplica(spec, parts, onLine)
    } catch (error) {
      endStart?.()
      return `the replica could not be started: ${textOf(error)}`
    }
    this.#group = running.group
    const signal = AbortSignal.any([this.#closing.signal, running.over])
    let hasBeenReady = false
    let reason: string
    try {
      await this.#waitUntilReady(running, signal)
      hasBeenReady = true
      endStart()
      reason = await this.#watch(running, signal)
    } catch (error) {
      const when = hasBeenReady || !running.hasEnded() ? '' : ' before it was ready'
      reason = running.over.aborted ? `${String(running.over.reason)}${when}` : textOf(error)
    }
    // Its last lines may not be read yet; nobody waits for them who might send it requests.
    if (hasBeenReady) this.#show('NotServing', `the replica ${reason}`)
    await running.stop(this.#graceMs)
    this.#group = undefined
    endStart()
    this.#clashes = !hasBeenReady && running.hasClashed() ? this.#clashes + 1 : 0
    return withLastLines(`the replica ${reason}`, running.lastLines())
  }

  /** Rejects with why it is not going to be ready, or with the signal's reason. */
  async #waitUntilReady(running: RunningReplica, signal: AbortSignal): Promise<void> {
    const { startupTimeoutMs } = this.#options.parts.times
    const timeout = AbortSignal.timeout(startupTimeoutMs)
    const either = AbortSignal.any([signal, timeout])
    let reason = `nobody accepts connections at ${running.address}`
    try {
      const pause = createPause(LONGEST_PAUSE_MS)
      while (!(await acceptsConnections(REPLICA_HOST, running.port))) await pause(either)
      for (;;) {
        const answer = await running.probe.ask(either)
        if (either.aborted) throw either.reason
        if (answer.kind === 'ready') return this.#serve(running, answer.protocol)
        if (answer.kind === 'foreign') throw new Error(`cannot be used: ${answer.reason}`)
        reason = answer.reason
        if (answer.kind === 'refusing') this.#show('NotServing', `the replica is not ready: ${reason}`)
        else if (this.#lastEnd === undefined) this.#show('Starting', reason)
        await pause(either)
      }
    } catch (error) {
      if (signal.aborted || !timeout.aborted) throw error
      throw new Error(`was not ready within ${startupTimeoutMs / 1000} s: ${reason}`, { cause: error })
    }
  }

  /** Asks again and again. Settles with why it must end; rejects with the signal's reason. */
  async #watch(running: RunningReplica, signal: AbortSignal): Promise<string> {
    const { watchIntervalMs, unresponsiveTimeoutMs, startupTimeoutMs } = this.#options.parts.times
    const beganMs = performance.now()
    let readyMs = beganMs
    for (;;) {
      // One that was taken out is asked more often, so that it comes back soon.
      const pause = createPause(watchIntervalMs)
      let answer = await this.#askAfter(sleep(watchIntervalMs, signal), running, signal)
      while (answer.kind !== 'ready') {
        const missingMs = performance.now() - readyMs
        if (answer.kind === 'silent') {
          if (missingMs > unresponsiveTimeoutMs) {
            return `gave no answer for ${Math.round(missingMs / 1000)} s: ${answer.reason}`
          }
          this.#show('NotAvailable', `the replica gives no answer: ${answer.reason}`)
        } else {
          if (missingMs > startupTimeoutMs) {
            return `was not ready for ${Math.round(missingMs / 1000)} s: ${answer.reason}`
          }
          this.#show('NotServing', `the replica is not ready: ${answer.reason}`)
        }
        answer = await this.#askAfter(pause(signal), running, signal)
      }
      readyMs = performance.now()
      if (readyMs - beganMs > STEADY_MS) this.#backoff.reset()
      this.#serve(running, answer.protocol)
    }
  }

  async #askAfter(wait: Promise<void>, { probe }: RunningReplica, signal: AbortSignal) {
    await wait
    const answer = await probe.ask(signal)
    if (signal.aborted) throw signal.reason
    return answer
  }

  #serve({ id, address }: RunningReplica, protocol: Replica['protocol']): void {
    if (this.#view.replica?.id === id) return
    const status = { state: 'Serving', message: null } as const
    this.#set({ status, replica: { id, address, protocol } })
  }

  #show(state: Exclude<ServableStatus['state'], 'Serving'>, message: string): void {
    const { status, replica } = this.#view
    if (replica === undefined && status.state === state && status.message === message) return
    this.#set({ status: { state, message }, replica: undefined })
  }

  #set(view: ReplicaView): void {
    if (this.#closing.signal.aborted) return
    this.#view = view
    this.#options.onChange()
  }
}

function withLastLines(what: string, lines: readonly string[]): string {
  return lines.length === 0
    ? `${what}; it has written nothing`
    : `${what}; its last lines:\n${lines.join('\n')}`
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function ignore(): void {
  // It is being stopped, which the loop asks about next.
}
