import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { inspect } from 'node:util'
import { type Logger, ServingError, type TensorLike, toTensor } from '@millrace/sdk'
import { fastify } from 'fastify'
import { type ModelSignature, type ModelVersionRecord, openStore, type Store } from '../../store/index.ts'
import { createMonitoring, type Monitoring, type MonitoringOptions } from '../monitoring.ts'
import type { WatchedRequest } from '../records/kept-record.ts'

export interface MonitoringBed {
  readonly store: Store
  readonly monitoring: Monitoring
  readonly complaints: readonly string[]
  /** A version of a model that takes `x` and gives `y`. */
  readonly version: (options?: VersionOptions) => Promise<ModelVersionRecord>
  /** Records a request, with `x` in and `y` out unless it says otherwise. */
  readonly record: (version: ModelVersionRecord, more?: Partial<Asked>) => void
  /** Resolves when so many requests have been stored or lost. */
  readonly handled: (count: number) => Promise<void>
  readonly get: (path: string) => Promise<{ readonly status: number; readonly json: unknown }>
  readonly documents: (version: ModelVersionRecord) => Promise<readonly CheckDocument[]>
  /** Ends it and begins another life on the same database. */
  readonly restart: (options?: BedOptions) => Promise<MonitoringBed>
}

export type CheckDocument = Readonly<Record<string, unknown>>

interface VersionOptions {
  readonly modelName?: string
  readonly batchSize?: number
  readonly signature?: ModelSignature
}

interface Asked extends Omit<WatchedRequest, 'servable' | 'inputs' | 'outcome'> {
  readonly inputs: readonly TensorLike[]
  readonly outputs: readonly TensorLike[]
  readonly error: string
}

export type BedOptions = Partial<Omit<MonitoringOptions, 'log'>>

export function number(name: string, value: number): TensorLike {
  return { name, datatype: 'FP64', shape: [], data: [value] }
}

const field = (name: string) =>
  ({ name, dtype: 'DT_DOUBLE', shape: { dims: [] }, profile: 'NUMERICAL' }) as const
const SIGNATURE: ModelSignature = { signatureName: 'f', inputs: [field('x')], outputs: [field('y')] }

export async function openMonitoring(t: TestContext, options: BedOptions = {}): Promise<MonitoringBed> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-monitoring-'))
  const bed = await openBed(t, folder, options)
  t.after(() => rm(folder, { recursive: true, force: true }))
  return bed
}

function quiet(): void {}

async function openBed(t: TestContext, folder: string, options: BedOptions): Promise<MonitoringBed> {
  const store = options.store ?? (await openStore({ file: join(folder, 'millrace.db') }))
  const complaints: string[] = []
  const complain = (message: string, fields?: unknown) =>
    void complaints.push(`${message} ${inspect(fields)}`)
  const log: Logger = { debug: quiet, info: quiet, warn: complain, error: complain }
  const monitoring = await createMonitoring({
    store,
    log,
    buildInfo: { version: '1.2.3' },
    ask: name => Promise.reject(new ServingError('NOT_FOUND', `there is no servable ${name}`)),
    ...options,
    limits: { writeIntervalMs: 0, ...options.limits },
  })
  const app = fastify({ return503OnClosing: false })
  await app.register(async scope => monitoring.routes(scope))
  await app.ready()
  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= (async () => {
      await app.close()
      await monitoring.close()
      await store.close()
    })()
    return closed
  }
  t.after(close)
  let requests = 0
  const handledCount = () => {
    const { storedCount, lostCount } = monitoring.statistics()
    return storedCount + lostCount
  }
  const bed: MonitoringBed = {
    store,
    monitoring,
    complaints,
    version({ modelName = 'watched', batchSize, signature = SIGNATURE } = {}) {
      const monitoringConfiguration = batchSize === undefined ? undefined : { batchSize }
      return store.modelVersions.createExternal({ modelName, signature, monitoringConfiguration })
    },
    record(version, more = {}) {
      const { inputs = [number('x', 1)], outputs = [number('y', 2)], error, ...about } = more
      monitoring.record({
        requestId: `request-${++requests}`,
        latencyMs: 1.5,
        servable: {
          name: `${version.modelName}-1-quiet-river`,
          modelName: version.modelName,
          modelVersion: version.version,
          modelVersionId: version.id,
          signature: version.signature,
        },
        ...about,
        inputs: inputs.map(toTensor),
        outcome:
          error === undefined
            ? { outputs: outputs.map(toTensor) }
            : { error: new ServingError('INTERNAL', error) },
      })
    },
    async handled(count) {
      while (handledCount() < count) await new Promise(resolve => setImmediate(resolve))
      assert.equal(handledCount(), count)
    },
    async get(path) {
      const response = await app.inject({ method: 'GET', url: path })
      return { status: response.statusCode, json: response.json() }
    },
    async documents({ id }) {
      const { status, json } = await bed.get(`/monitoring/checks/all/${id}`)
      assert.equal(status, 200, JSON.stringify(json))
      return (json as CheckDocument[]).toReversed()
    },
    async restart(next = {}) {
      await close()
      return openBed(t, folder, { ...options, ...next })
    },
  }
  return bed
}
