import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { inspect } from 'node:util'
import { type Logger, ServingError } from '@millrace/sdk'
import type { DeployDriver } from '../../deploy/index.ts'
import { openStore, type Store } from '../../store/index.ts'
import { createManager, type Manager, type ManagerOptions } from '../manager.ts'

export interface ManagerBed {
  readonly manager: Manager
  readonly store: Store
  /** `http://127.0.0.1:port`. */
  readonly url: string
  /** Holds the database and the data folder. */
  readonly folder: string
  /** What was logged as a warning or an error. */
  readonly complaints: readonly string[]
  /** Ends the manager, its port and its store. The folder stays until the test is over. */
  close(): Promise<void>
}

export const QUIET: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** A driver that deploys nothing. */
export const NO_DRIVER: DeployDriver = {
  deploy(spec) {
    throw new ServingError('UNIMPLEMENTED', `this test deploys nothing, and not ${spec.name} either`)
  },
  cleanUp: async () => {},
  close: async () => {},
}

export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-manager-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }))
  return folder
}

/** A manager with a real store, behind a real port. */
export async function startManager(
  t: TestContext,
  options: Partial<ManagerOptions> & { readonly folder?: string } = {},
): Promise<ManagerBed> {
  const folder = options.folder ?? (await temporaryFolder(t))
  const store = options.store ?? (await openStore({ file: join(folder, 'millrace.db') }))
  const complaints: string[] = []
  const complain = (message: string, fields?: Readonly<Record<string, unknown>>) =>
    void complaints.push(fields === undefined ? message : `${message} ${inspect(fields)}`)
  const manager = await createManager({
    store,
    driver: NO_DRIVER,
    dataFolder: join(folder, 'data'),
    log: { ...QUIET, warn: complain, error: complain },
    buildInfo: { version: '0.0.0' },
    ...options,
  })
  const server = createServer((request, response) => manager.http.handle(request, response))
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= (async () => {
      await manager.close()
      server.closeAllConnections()
      await new Promise(resolve => void server.close(resolve))
      await store.close()
    })()
    return closed
  }
  t.after(close)
  const { port } = server.address() as AddressInfo
  return { manager, store, url: `http://127.0.0.1:${port}`, folder, complaints, close }
}
