import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Logger } from '@millrace/sdk'
import { createProcessDriver, type DeployDriver } from '../../deploy/index.ts'
import { openStore, type Store } from '../../store/index.ts'
import type { ManagerDiscovery } from '../discovery.ts'
import { createEventBus } from '../events/event-bus.ts'
import { createServing, type Serving } from '../serving.ts'

export interface CrashManager extends Pick<Serving, 'applications'> {
  readonly store: Store
  readonly discovery: ManagerDiscovery
  readonly driver: DeployDriver
  close(): Promise<void>
}

/** A program that serves within a few milliseconds of its start. */
const PROGRAM = fileURLToPath(import.meta.resolve('../../deploy/test/runtime-program.ts'))

/** What decides what runs, over the real store and real processes. */
export async function openCrashManager(folder: string): Promise<CrashManager> {
  const log: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet }
  const store = await openStore({ file: join(folder, 'millrace.db') })
  const driver = createProcessDriver({
    builtInCommand: [process.execPath],
    dataFolder: join(folder, 'driver'),
    log,
    times: { watchIntervalMs: 50, restartDelayMs: 20 },
  })
  const closing = new AbortController()
  const events = await createEventBus(store, log)
  const serving = await createServing(
    {
      store,
      driver,
      events,
      log,
      signal: closing.signal,
      folders: { of: unused, built: unused, remove: unused, keepOnly: unused },
      resolveRuntime: unused,
    },
    {
      graces: { swapMs: 20, stopMs: 500 },
      prepare: async () => ({
        modelFolder: join(folder, 'model'),
        runtime: { kind: 'program', command: [process.execPath, PROGRAM], protocol: 'G3' },
        environment: { PROTOCOL: 'G3' },
      }),
    },
  )
  return {
    store,
    driver,
    applications: serving.applications,
    discovery: serving.discovery,
    async close() {
      closing.abort()
      await serving.close()
      await driver.close(500)
      await events.close()
      await store.close()
    },
  }
}

function quiet(): void {}

function unused(): never {
  throw new Error('models are prepared by the test')
}
