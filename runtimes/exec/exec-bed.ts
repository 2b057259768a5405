import { mkdtempSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  type BoundModel,
  bindModel,
  type InferenceResponse,
  type Logger,
  type ModelSettings,
  type RequestContext,
  type Tensor,
  toTensor,
} from '@millrace/sdk'
import { ExecModel } from './exec-model.ts'

/** The program of the tests, as a command. */
const COMMAND = [
  process.execPath,
  '--conditions=millrace-source',
  fileURLToPath(import.meta.resolve('./test/program.ts')),
]

/** The program of the tests is compiled once, and not for each test. */
const COMPILE_CACHE = mkdtempSync(join(tmpdir(), 'millrace-exec-cache-'))
process.once('exit', () => rmSync(COMPILE_CACHE, { recursive: true, force: true }))

const ignore = (): void => {}
const metric = (): typeof ignore => ignore
const metrics = { counter: metric, gauge: metric, histogram: metric }

/** A model with a program of its own, as a test has it. */
export interface ExecBed {
  readonly model: ExecModel
  readonly folder: string
  readonly lines: readonly string[]
  readonly load: (signal?: AbortSignal) => Promise<BoundModel>
  /** Settles when the log has had a line that contains `text`, or as many as asked for. */
  readonly logged: (text: string, count?: number) => Promise<void>
}

/** @param extra on top of a command for the test's program */
export async function execBed(
  t: TestContext,
  extra: Readonly<Record<string, unknown>> = {},
  changes: Partial<ModelSettings> = {},
): Promise<ExecBed> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-exec-'))
  const environment = { NODE_COMPILE_CACHE: COMPILE_CACHE, ...(extra['environment'] as object) }
  const launch =
    'address' in extra ? {} : { command: COMMAND, shutdown_timeout_seconds: 2, ...extra, environment }
  const model = new ExecModel({
    name: 'm',
    version: undefined,
    implementation: '@millrace/exec:ExecModel',
    folder,
    uri: folder,
    platform: '',
    versionNotes: [],
    inputs: [],
    outputs: [],
    enforceContract: true,
    contentType: undefined,
    parameters: {},
    ...changes,
    extra: { ...extra, ...launch },
  })
  const lines: string[] = []
  const waiting = new Set<() => void>()
  const add = (line: string, fields: object = {}) => {
    lines.push(`${line} ${JSON.stringify(fields)}`)
    for (const check of waiting) check()
  }
  const log: Logger = { debug: add, info: add, warn: add, error: add }
  t.after(async () => {
    await model.unload()
    await rm(folder, { recursive: true })
  })
  return {
    model,
    folder,
    lines,
    async load(signal = new AbortController().signal) {
      await model.load({ signal, log, metrics })
      return bindModel(model)
    },
    logged(text, count = 1) {
      return new Promise(resolve => {
        const check = () => {
          if (lines.filter(line => line.includes(text)).length < count) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      })
    },
  }
}

/** What a program behaves like, as `environment` of the settings. */
export function behaving(behaviour: string, protocol = 'v2', more: Readonly<Record<string, string>> = {}) {
  return { environment: { BEHAVIOUR: behaviour, PROTOCOL: protocol, ...more } }
}

export function input(...values: number[]): Tensor {
  return toTensor({ name: 'x', datatype: 'FP64', shape: [values.length], data: values })
}

/** Asks with one input `x`. */
export function ask(
  bound: BoundModel,
  values: readonly number[],
  context: Partial<RequestContext> = {},
): Promise<InferenceResponse> {
  return bound.predict({ modelName: 'm', inputs: [input(...values)] }, requestContext(context))
}

export function requestContext(context: Partial<RequestContext> = {}): RequestContext {
  return {
    headers: {},
    signal: new AbortController().signal,
    deadlineMs: Number.POSITIVE_INFINITY,
    setHeader: ignore,
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    metrics,
    ...context,
  }
}

/** Process id and port of a program, from the log. */
export function startedAs({ lines }: ExecBed): { readonly pid: number; readonly port: number } {
  const line = lines.find(line => line.startsWith('the program was started '))!
  return JSON.parse(line.slice(line.indexOf('{'))) as { pid: number; port: number }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
