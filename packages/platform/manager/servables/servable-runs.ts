import { type Logger, ServingError } from '@millrace/sdk'
import type { DeployDriver, Deployment, Replica, ServableStatus } from '../../deploy/index.ts'
import type { DeploymentConfigurationRecord, ModelVersionRecord } from '../../store/index.ts'
import type { DeployableModel } from '../models/deployable-model.ts'
import { planServable } from './servable-spec.ts'

/** What of a servable is to run. */
export interface RunOrder {
  readonly fullName: string
  readonly version: ModelVersionRecord
  readonly configuration: DeploymentConfigurationRecord | undefined
}

/** A servable that was given to the driver, or soon will be. */
export interface ServableRun {
  readonly order: RunOrder
  readonly status: ServableStatus
  readonly replicas: readonly Replica[]
  /** It has no replicas, and the next request has it started. */
  readonly isAsleep: boolean
}

/** The servables that run, by full name; nothing in here is remembered. */
export interface ServableRuns {
  /** Begins at once, and tells how it goes by {@link ServableRuns.onChange}; does nothing for one that is there. */
  start(order: RunOrder): void
  find(fullName: string): ServableRun | undefined
  /** As the driver has them; with `follow` it waits for the driver to have it. Nothing for one that is not there. */
  logs(fullName: string, options: LogOptions): AsyncIterable<string>
  /** Takes it out at once, and ends it when it has finished its requests, or `graceMs` have passed. Idempotent. */
  stop(fullName: string, graceMs: number): Promise<void>
  /** Called after each change, and when one was taken out; returns how to stop that. */
  onChange(listener: (fullName: string) => void): () => void
  /** Takes out all of them. The driver ends what runs. */
  close(): Promise<void>
}

interface LogOptions {
  readonly follow: boolean
  readonly signal: AbortSignal
}

export interface ServableRunsOptions {
  readonly driver: DeployDriver
  readonly prepare: (version: ModelVersionRecord) => Promise<DeployableModel>
  readonly log: Logger
}

/** Model folders looked for at once. */
const PREPARING_MAX = 8
const STARTING: ServableStatus = { state: 'Starting', message: 'Initialization' }

interface Run {
  readonly order: RunOrder
  refused: ServableStatus | undefined
  deployment: Deployment | undefined
  /** Settles when the driver has it, or never will. */
  readonly handedOver: PromiseWithResolvers<Deployment | undefined>
  stopListening: () => void
}

export function createServableRuns({ driver, prepare, log }: ServableRunsOptions): ServableRuns {
  const runs = new Map<string, Run>()
  const waiting: Run[] = []
  const listeners = new Set<(fullName: string) => void>()
  const stopping = new Set<Promise<void>>()
  let preparing = 0

  const tell = (fullName: string) => {
    for (const listener of listeners) listener(fullName)
  }
  const isWanted = (run: Run) => runs.get(run.order.fullName) === run

  const deploy = async (run: Run) => {
    const { fullName, version, configuration } = run.order
    try {
      const model = await prepare(version)
      if (!isWanted(run)) return
      const { spec, notApplied } = planServable(fullName, version, configuration, model)
      if (notApplied.length > 0) {
        log.warn(`parts of deployment configuration ${configuration?.name} are kept and not applied`, {
          servable: fullName,
          parts: notApplied,
        })
      }
      const deployment = driver.deploy(spec)
      run.deployment = deployment
      run.stopListening = deployment.onChange(() => tell(fullName))
    } catch (thrown) {
      log.error(`servable ${fullName} could not be deployed`, { error: thrown })
      const message = ServingError.is(thrown) ? thrown.message : 'it could not be deployed; the log says why'
      run.refused = { state: 'NotServing', message }
    } finally {
      run.handedOver.resolve(run.deployment)
      if (isWanted(run)) tell(fullName)
    }
  }
  const prepareNext = () => {
    while (preparing < PREPARING_MAX) {
      const run = waiting.shift()
      if (run === undefined) return
      if (!isWanted(run)) continue
      preparing++
      void deploy(run).finally(() => {
        preparing--
        prepareNext()
      })
    }
  }
  const takeOut = (run: Run) => {
    runs.delete(run.order.fullName)
    run.stopListening()
    run.handedOver.resolve(undefined)
  }

  return {
    start(order) {
      if (runs.has(order.fullName)) return
      const run: Run = {
        order,
        refused: undefined,
        deployment: undefined,
        handedOver: Promise.withResolvers(),
        stopListening() {},
      }
      runs.set(order.fullName, run)
      waiting.push(run)
      prepareNext()
    },
    find(fullName) {
      const run = runs.get(fullName)
      if (run === undefined) return undefined
      const { order, deployment } = run
      const isAsleep = deployment?.isAsleep ?? false
      return { order, status: statusOf(run), replicas: deployment?.replicas ?? [], isAsleep }
    },
    async *logs(fullName, { follow, signal }) {
      const run = runs.get(fullName)
      if (run === undefined) return
      const deployment =
        run.deployment ?? (follow ? await unlessAborted(run.handedOver.promise, signal) : undefined)
      if (deployment !== undefined) yield* deployment.logs({ follow, signal })
    },
    async stop(fullName, graceMs) {
      const run = runs.get(fullName)
      if (run === undefined) return
      takeOut(run)
      tell(fullName)
      const { deployment } = run
      if (deployment === undefined) return
      const stopped = deployment.stop(graceMs).catch((error: unknown) => {
        log.error(`servable ${fullName} did not stop as it should`, { error })
      })
      stopping.add(stopped)
      await stopped
      stopping.delete(stopped)
    },
    onChange(listener) {
      const call = (fullName: string) => listener(fullName)
      listeners.add(call)
      return () => void listeners.delete(call)
    },
    async close() {
      for (const run of runs.values()) takeOut(run)
      listeners.clear()
      await Promise.all(stopping)
    },
  }
}

function statusOf({ refused, deployment }: Run): ServableStatus {
  return refused ?? deployment?.status ?? STARTING
}

/** `undefined` when the signal is aborted first. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const aborted = Promise.withResolvers<undefined>()
  const onAbort = () => aborted.resolve(undefined)
  if (signal.aborted) return undefined
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
