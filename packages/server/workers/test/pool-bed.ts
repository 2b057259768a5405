import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import {
  type BoundModel,
  bindModel,
  type InferenceRequest,
  type InferenceResponse,
  type LoadContext,
  type RequestContext,
  type Tensor,
  type TensorLike,
  toTensor,
} from '@millrace/sdk'
import { createLogger } from '../../base/index.ts'
import type { ModelVersionSettings } from '../../repository/index.ts'
import {
  createEnvironments,
  createWorkerPools,
  type RemoteModel,
  type WorkerPools,
  type WorkerPoolsOptions,
} from '../index.ts'

export type Kind = WorkerPoolsOptions['kind']
export const KINDS: readonly Kind[] = ['thread', 'process']

/** A model as the server would hold it. */
export type RemoteBound = Omit<BoundModel, 'model'> & { readonly model: RemoteModel }

export interface PoolBed {
  readonly pools: WorkerPools
  /** A folder that goes with the test. */
  readonly folder: string
  /** Lines of the pools themselves. */
  readonly serverLog: readonly Readonly<Record<string, unknown>>[]
  /** Lines and values of the models. */
  readonly log: readonly LogEntry[]
  readonly metrics: readonly string[]
  /** Writes a model's code; it must export `TestModel`. */
  readonly write: (name: string, code: string) => Promise<void>
  readonly load: (
    name: string,
    code: string,
    settings?: Partial<ModelVersionSettings>,
    signal?: AbortSignal,
  ) => Promise<RemoteBound>
  /** Resolves when `condition` holds; it is looked at whenever a pool changes. */
  readonly until: (condition: () => boolean) => Promise<void>
  /** Resolves when a model has logged that. */
  readonly logged: (message: string) => Promise<void>
}

export async function createPoolBed(
  t: TestContext,
  kind: Kind,
  {
    archiveLimits,
    ...options
  }: Partial<WorkerPoolsOptions> & { archiveLimits?: { maxBytes: number; maxEntries: number } } = {},
): Promise<PoolBed> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-workers-'))
  const serverLog: Record<string, unknown>[] = []
  const waiting = new Set<() => void>()
  const lookAgain = (): void => {
    for (const look of waiting) look()
  }
  const { log, entries } = recordLog(lookAgain)
  const { metrics, records } = recordMetrics()
  const ownLog = createLogger({
    isStructured: true,
    level: 'debug',
    write: line => void serverLog.push(JSON.parse(line) as Record<string, unknown>),
  })
  const pools = createWorkerPools({
    kind,
    workerCount: 1,
    stopTimeoutMs: 10_000,
    loadTimeoutMs: 10_000,
    environments: createEnvironments({
      folder: join(folder, 'environments'),
      log: ownLog,
      ...(archiveLimits === undefined ? {} : { limits: archiveLimits }),
    }),
    log: ownLog,
    onChange: lookAgain,
    ...options,
  })
  t.after(async () => {
    await pools.close(100)
    await rm(folder, { recursive: true })
  })
  const until = (condition: () => boolean): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = (): void => {
      if (!condition()) return
      waiting.delete(look)
      resolve()
    }
    waiting.add(look)
    look()
    return promise
  }
  const write = async (name: string, code: string) => {
    const path = join(folder, name, 'model.ts')
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, code)
  }
  return {
    pools,
    folder,
    serverLog,
    log: entries,
    metrics: records,
    write,
    async load(name, code, settings = {}, signal = new AbortController().signal) {
      await write(name, code)
      const context: LoadContext = { signal, log, metrics }
      const model = await pools.load(settingsOf(name, join(folder, name), settings), context)
      return { ...bindModel(model), model }
    },
    until,
    logged: message => until(() => entries.some(entry => entry.message === message)),
  }
}

function settingsOf(
  name: string,
  folder: string,
  given: Partial<ModelVersionSettings>,
): ModelVersionSettings {
  const settings = {
    name,
    version: undefined,
    implementation: './model.ts:TestModel',
    folder,
    uri: folder,
    platform: '',
    versionNotes: [],
    inputs: [],
    outputs: [],
    enforceContract: true,
    contentType: undefined,
    extra: {},
    parameters: {},
    settingsFile: join(folder, 'model-settings.json'),
    implementationOrigin: join(folder, 'model-settings.json'),
    maxBatchSize: 0,
    maxQueueDelayMs: 0,
    isCacheEnabled: false,
    allowsWorkers: true,
    warnings: [],
    ...given,
  }
  // Members that only other rooms read are left out.
  return settings as object as ModelVersionSettings
}

export interface LogEntry {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>> | undefined
}

function recordLog(onEntry = () => {}) {
  const entries: LogEntry[] = []
  const writer = (level: LogEntry['level']) => (message: string, fields?: LogEntry['fields']) => {
    entries.push({ level, message, fields })
    onEntry()
  }
  const log: LoadContext['log'] = {
    debug: writer('debug'),
    info: writer('info'),
    warn: writer('warn'),
    error: writer('error'),
  }
  return { log, entries }
}

/** Metrics that write down what was done, e.g. `counter words {"kind":"long"} 2`. */
function recordMetrics() {
  const records: string[] = []
  const recorder =
    (kind: string): LoadContext['metrics']['counter'] =>
    (name, help, options) => {
      records.push(`new ${kind} ${name}: ${help} ${JSON.stringify(options ?? {})}`)
      return (value, labels = {}) => {
        if (value < 0 && kind === 'counter') throw new RangeError(`${name} cannot fall`)
        records.push(`${kind} ${name} ${JSON.stringify(labels)} ${value}`)
      }
    }
  const metrics = { counter: recorder('counter'), gauge: recorder('gauge'), histogram: recorder('histogram') }
  return { metrics, records }
}

export interface TestCall extends RequestContext {
  readonly headersSet: readonly (readonly [name: string, value: string])[]
  readonly entries: readonly LogEntry[]
}

/** What a request brings along; nothing is limited unless said. */
export function testCall(given: Partial<RequestContext> = {}): TestCall {
  const headersSet: [string, string][] = []
  return {
    headers: {},
    signal: new AbortController().signal,
    deadlineMs: Infinity,
    ...recordLog(),
    ...recordMetrics(),
    headersSet,
    setHeader: (name, value) => void headersSet.push([name, value]),
    ...given,
  }
}

export function requestOf(...inputs: readonly TensorLike[]): InferenceRequest {
  return { modelName: 'test', id: 'one', inputs: inputs.map(input => toTensor(input)) }
}

/** A request that says something to a model, and what it answers. */
export async function ask(
  bound: RemoteBound,
  text: string,
  call: RequestContext = testCall(),
): Promise<string> {
  return saidBy(await bound.predict(saying(text), call))
}

export function saying(...texts: readonly string[]): InferenceRequest {
  return requestOf({ name: 'text', datatype: 'BYTES', shape: [texts.length], data: texts })
}

export function saidBy({ outputs }: InferenceResponse): string {
  const [output] = outputs as readonly [Tensor<'BYTES'>]
  return output.data.toStrings().join(' ')
}

/** A model's class with helpers to read and write text. */
export function modelCode(members: string, before = ''): string {
  return `${before}
const textOf = request => new TextDecoder().decode(request.inputs[0].data.at(0))
const say = (...texts) => ({ outputs: [{ name: 'said', datatype: 'BYTES', shape: [texts.length], data: texts.map(String) }] })
export class TestModel {
${members}
}
`
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}
