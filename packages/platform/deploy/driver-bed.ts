import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Logger } from '@millrace/sdk'
import type { DeployDriver, Deployment, ServableSpec } from './deploy-driver.ts'
import { createProcessDriver, type ProcessDriverOptions } from './process-driver.ts'
import { readProcess } from './process-table.ts'

/** The program of the tests, as a command. */
export const PROGRAM: readonly [string, ...string[]] = [
  process.execPath,
  fileURLToPath(import.meta.resolve('./test/runtime-program.ts')),
]

/** Programs of the tests are compiled once, and not for each test. */
export const COMPILE_CACHE = mkdtempSync(join(tmpdir(), 'millrace-deploy-cache-'))
process.once('exit', () => rmSync(COMPILE_CACHE, { recursive: true, force: true }))

const ignore = (): void => {}

/** What a program speaks and does. */
export interface Behaviour {
  readonly protocol?: string
  readonly behaviour?: string
  /** A file that says what mood the program is in. */
  readonly control?: string
}

export interface DriverBed {
  readonly driver: DeployDriver
  /** A model's folder, with `files`. */
  readonly modelFolder: string
  readonly dataFolder: string
  /** Messages of the log. */
  readonly logged: readonly string[]
  /** A servable whose program behaves like this. */
  readonly spec: (behaviour?: Behaviour, changes?: Partial<ServableSpec>) => ServableSpec
}

/** Short enough for tests, and nothing that a slow machine would not keep. */
const QUICK_TIMES = {
  watchIntervalMs: 50,
  restartDelayMs: 20,
  restartGraceMs: 200,
  startupTimeoutMs: 20_000,
}

export async function driverBed(
  t: TestContext,
  { times, ...options }: Partial<ProcessDriverOptions> = {},
): Promise<DriverBed> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-deploy-'))
  const modelFolder = join(folder, 'model')
  const dataFolder = options.dataFolder ?? join(folder, 'data')
  await mkdir(join(modelFolder, 'files'), { recursive: true })
  await writeFile(join(modelFolder, 'contract.protobin'), '')
  const logged: string[] = []
  const add = (line: string, fields: object = {}) => logged.push(`${line} ${JSON.stringify(fields)}`)
  const log: Logger = { debug: ignore, info: ignore, warn: add, error: add }
  const driver = createProcessDriver({
    builtInCommand: [process.execPath],
    dataFolder,
    log,
    times: { ...QUICK_TIMES, ...times },
    environment: { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE },
    ...options,
  })
  t.after(async () => {
    await driver.close(100)
    await rm(folder, { recursive: true, force: true })
  })
  return {
    driver,
    modelFolder,
    dataFolder,
    logged,
    spec: ({ protocol = 'G3', behaviour = '', control = '' } = {}, changes = {}) => ({
      name: 'scaler-1-quiet-river',
      modelName: 'scaler',
      modelVersion: 1,
      modelFolder,
      runtime: { kind: 'program', command: PROGRAM },
      replicas: 1,
      limits: {},
      ...changes,
      environment: {
        PROTOCOL: protocol,
        BEHAVIOUR: behaviour,
        CONTROL: control,
        ...changes.environment,
      },
    }),
  }
}

/** Settles when the deployment is as wanted. */
export function until(
  deployment: Deployment,
  isWanted: (deployment: Deployment) => boolean,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (!isWanted(deployment)) return
      stop()
      resolve()
    }
    const stop = deployment.onChange(look)
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
    look()
  })
}

export const isServing = ({ status }: Deployment): boolean => status.state === 'Serving'

/** The first line of its log that matches, or a later one. */
export async function logLine(deployment: Deployment, pattern: RegExp, count = 1): Promise<RegExpExecArray> {
  let left = count
  for await (const line of deployment.logs({ follow: true })) {
    const match = pattern.exec(line)
    if (match !== null && --left === 0) return match
  }
  throw new Error(`the log has ended without line ${count} that matches ${pattern}`)
}

/** Ids of the processes of its replicas, of which the latest are last. */
export async function pidsOf(deployment: Deployment): Promise<readonly number[]> {
  const pids: number[] = []
  for await (const line of deployment.logs({ follow: false })) {
    const pid = /pid (\d+)/.exec(line)?.[1]
    if (pid !== undefined) pids.push(Number(pid))
  }
  return pids
}

export function isAlive(pid: number): boolean {
  return readProcess(pid)?.isZombie === false
}

/** Nobody tells when a process is gone that is nobody's child here. */
export async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise(resolve => setTimeout(resolve, 5))
}
