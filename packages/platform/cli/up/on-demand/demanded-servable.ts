import type {
  Deployment,
  Replica,
  ServableSpec,
  ServableStatus,
  SleepingDeployment,
} from '../../../deploy/index.ts'

const ASLEEP: ServableStatus = { state: 'Serving', message: 'asleep; started by the next request' }
const WAITING: ServableStatus = { state: 'Starting', message: 'waits for memory to be started in' }

/** A servable that sleeps and wakes, as the manager sees it: one that slept and has served before still counts as serving. */
export class DemandedServable implements Deployment {
  readonly spec: ServableSpec
  /** Aborted when it is stopped for good. */
  readonly stopped: AbortSignal
  readonly #inner: SleepingDeployment
  readonly #onStop: () => Promise<void>
  readonly #stopping = new AbortController()
  readonly #listeners = new Set<() => void>()
  #stop: Promise<void> | undefined
  /** Settles when its processes are gone for good. */
  #ended: Promise<void> | undefined
  /** Whether it has been ready once, in this life or an earlier one. */
  #hasServed: boolean
  /** From the beginning of a start to the end of what follows from it. */
  #isStarted = false
  #isAwake = false
  /** Why the latest start has failed. */
  #failure: string | null = null
  #shown: {
    readonly status: ServableStatus
    readonly replicas: readonly Replica[]
    readonly isAsleep: boolean
  }
  #running = 0
  #hadBackgroundCall = false
  #idle = Promise.withResolvers<void>()

  /** @param onStop begins what has to be done besides when it is deleted */
  constructor(inner: SleepingDeployment, hasServed: boolean, onStop: () => Promise<void>) {
    this.#inner = inner
    this.spec = inner.spec
    this.stopped = this.#stopping.signal
    this.#hasServed = hasServed
    this.#onStop = onStop
    this.#shown = this.#look()
    inner.onChange(() => this.#update())
  }

  get status(): ServableStatus {
    return this.#shown.status
  }

  get replicas(): readonly Replica[] {
    return this.#shown.replicas
  }

  get isAsleep(): boolean {
    return this.#shown.isAsleep
  }

  /** Whether it has been started, and no failure has ended that. */
  get isAwake(): boolean {
    return this.#isAwake
  }

  get hasServed(): boolean {
    return this.#hasServed
  }

  readonly onChange = (listener: () => void): (() => void) => {
    const entry = () => listener()
    this.#listeners.add(entry)
    return () => this.#listeners.delete(entry)
  }

  readonly logs: Deployment['logs'] = options => this.#inner.logs(options)

  readonly stop = (graceMs: number): Promise<void> => (this.#stop ??= this.#end(graceMs))

  readonly usedBytes = (): Promise<number> => this.#inner.usedBytes()

  /** Resolves when it can be asked. Rejects with why not, or with the signal's reason. */
  async wake(signal: AbortSignal): Promise<void> {
    this.#isStarted = true
    const aborted = Promise.withResolvers<never>()
    const abort = () => aborted.reject(signal.reason as Error)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    try {
      await Promise.race([this.#inner.wake(), aborted.promise])
      this.#hasServed = true
      this.#isAwake = true
      this.#failure = null
      this.#update()
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  /** Takes it out, and ends it when nothing is running inside any more, or `drained` is. Settles when its memory is free. */
  async sleep(drained: Promise<unknown>, graceMs: number): Promise<void> {
    this.#isStarted = false
    this.#isAwake = false
    const idle = this.#running === 0 ? Promise.resolve() : this.#idle.promise
    const asleep = this.#inner.sleep(Promise.race([idle, drained]), graceMs)
    this.#update()
    await Promise.all([asleep, this.#ended])
  }

  /** It could not be started, or has to wait for memory. */
  failed(reason: string): void {
    this.#failure = reason
    this.#update()
  }

  entered(isBackground: boolean): void {
    if (isBackground) this.#hadBackgroundCall = true
    if (this.#running++ === 0) this.#idle = Promise.withResolvers()
  }

  left(): void {
    if (--this.#running === 0) this.#idle.resolve()
  }

  /** Whether requests are inside, or shadows and monitoring have asked it since this was asked last. */
  takeBusy(): boolean {
    const isBusy = this.#running > 0 || this.#hadBackgroundCall
    this.#hadBackgroundCall = false
    return isBusy
  }

  async #end(graceMs: number): Promise<void> {
    this.#stopping.abort()
    this.#ended = this.#inner.stop(graceMs)
    this.#update()
    await Promise.all([this.#ended, this.#onStop()])
  }

  #look() {
    const { replicas, status } = this.#inner
    const isRunning = this.#isAwake || replicas.length > 0
    if (isRunning || this.#stopping.signal.aborted) return { status, replicas, isAsleep: false }
    return { status: this.#restingStatus(status), replicas, isAsleep: this.#hasServed }
  }

  /** While it is woken nothing is told of that: whoever looks sees it serve before and after. */
  #restingStatus(status: ServableStatus): ServableStatus {
    if (this.#failure !== null) return { state: 'NotServing', message: this.#failure }
    if (this.#hasServed) return ASLEEP
    return this.#isStarted ? status : WAITING
  }

  #update(): void {
    const shown = this.#look()
    const before = this.#shown
    this.#shown = shown
    const isSame =
      shown.replicas === before.replicas &&
      shown.isAsleep === before.isAsleep &&
      shown.status.state === before.status.state &&
      shown.status.message === before.status.message
    if (!isSame) for (const listener of this.#listeners) listener()
  }
}
