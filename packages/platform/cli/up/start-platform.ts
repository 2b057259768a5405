import {
  type GrpcMethod,
  type RunningServer,
  type ServerLogger,
  type ServerSettings,
  serve,
} from '@millrace/server'
import { createProcessDriver } from '../../deploy/index.ts'
import { createGateway, type Discovery } from '../../gateway/index.ts'
import { createManager } from '../../manager/index.ts'
import { openStore, type Store } from '../../store/index.ts'
import { builtInCommand } from './built-in-command.ts'
import type { DataFolder } from './data-folder.ts'
import { guardFromPages } from './page-guard.ts'

export interface PlatformOptions {
  readonly data: DataFolder
  /** `undefined`: a file in the data folder. */
  readonly databaseUrl: string | undefined
  readonly settings: ServerSettings
  readonly version: string
  readonly log: ServerLogger
}

export interface Platform {
  readonly server: RunningServer
  /** Where its HTTP port is reached. */
  readonly url: string
  readonly store: Store
  /** Settles when these applications can be asked, or when `timeoutMs` have passed. */
  readonly untilServed: (applications: readonly string[], timeoutMs: number) => Promise<void>
  /** Refuses new requests, finishes those that run, stops the servables, and lets the database go. Idempotent. */
  readonly close: () => Promise<void>
}

/** What servables have to finish their requests in. */
const STOP_GRACE_MS = 10_000

/**
 * Starts the control plane and the gateway in this process, and the servables that should run in others. What was
 * started is stopped again if something fails.
 */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const { data, databaseUrl, settings, version, log } = options
  const closing: (() => Promise<unknown>)[] = []
  const closeAll = async (): Promise<void> => {
    // Last begun, first ended: ports, then what they led to, then what that stood on.
    for (const close of closing.splice(0).toReversed()) {
      await close().catch((error: unknown) =>
        log.error('a part of the platform did not stop in order', { error }),
      )
    }
  }
  try {
    const store = await openStore(
      databaseUrl === undefined
        ? { file: data.databaseFile, blobFolder: data.blobs }
        : { url: databaseUrl, blobFolder: data.blobs },
    )
    closing.push(() => store.close())
    const driver = createProcessDriver({ dataFolder: data.servables, builtInCommand: builtInCommand(), log })
    closing.push(() => driver.close(STOP_GRACE_MS))
    const buildInfo = { name: 'millrace', version }
    const manager = await createManager({ store, driver, dataFolder: data.manager, log, buildInfo })
    closing.push(() => manager.close())
    const { discovery } = manager
    const gateway = createGateway({ discovery, record: dropRecord, log, buildInfo: { version } })
    closing.push(() => gateway.close())
    const server = await serve({
      folder: null,
      settings,
      environment: {},
      log,
      doors: {
        routes: gateway.routes,
        handOver: guardFromPages(manager.http, { settings, isLoopback: isLoopback(settings.host) }),
        methods: new Map<string, GrpcMethod>([...gateway.methods, ...manager.methods]),
      },
    })
    closing.push(() => server.close())
    const unfollow = gateway.hostedModels.follow(server.registry)
    closing.push(unfollow)
    await server.started
    let closed: Promise<void> | undefined
    const { host, port, isSecure } = server.rest
    const url = `${isSecure ? 'https' : 'http'}://${host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host}:${port}`
    const untilServed = (names: readonly string[], timeoutMs: number) =>
      untilTable(discovery, names, timeoutMs)
    return { server, url, store, untilServed, close: () => (closed ??= closeAll()) }
  } catch (error) {
    await closeAll()
    throw error
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}

async function untilTable(discovery: Discovery, names: readonly string[], timeoutMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const look = (): void => {
    if (names.every(name => discovery.table.applications.has(name))) resolve()
  }
  const stop = discovery.onChange(look)
  const timer = setTimeout(resolve, timeoutMs)
  look()
  await promise
  clearTimeout(timer)
  stop()
}

/** Nothing watches data yet. */
function dropRecord(): void {}
