import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import {
  createObjectFetcher,
  type GrpcMethod,
  type HandOver,
  type RunningServer,
  type ServerLogger,
  type ServerSettings,
  serve,
} from '@millrace/server'
import { createProcessDriver } from '../../deploy/index.ts'
import { createGateway, type Discovery, type Gateway } from '../../gateway/index.ts'
import { createManager } from '../../manager/index.ts'
import { createMonitoring, type MonitoringLimits } from '../../monitoring/index.ts'
import { openStore, type Store } from '../../store/index.ts'
import { builtInCommand } from './built-in-command.ts'
import type { DataFolder } from './data-folder.ts'
import { joinHandOver } from './join-hand-over.ts'
import { createOnDemandServables } from './on-demand/on-demand-servables.ts'
import { guardFromPages } from './page-guard.ts'

export interface PlatformOptions {
  readonly data: DataFolder
  /** `undefined`: a file in the data folder. */
  readonly databaseUrl: string | undefined
  readonly settings: ServerSettings
  /** The pages of the web interface; `null` for none. */
  readonly ui: HandOver | null
  readonly monitoring: MonitoringSettings
  /** `undefined`: all servables run, whatever memory they take. */
  readonly memory: MemorySettings | undefined
  readonly version: string
  readonly log: ServerLogger
}

export interface MonitoringSettings {
  /** `undefined`: alerts go nowhere. */
  readonly alertmanagerUrl: string | undefined
  readonly limits: Partial<Pick<MonitoringLimits, 'keptRequests' | 'keptDays'>>
}

export interface MemorySettings {
  /** What all servables may take together. */
  readonly budgetBytes: number
  /** How long one may be left alone before it is stopped. `undefined`: until others need its memory. */
  readonly idleMs: number | undefined
}

export interface Platform {
  readonly server: RunningServer
  /** Where its HTTP port is reached. */
  readonly url: string
  readonly store: Store
  /** Headers that let this program ask its own server, whoever else has to say who they are. */
  readonly ownHeaders: Readonly<Record<string, string>>
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
  const { data, databaseUrl, settings, ui, memory, version, log } = options
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
    const processes = createProcessDriver({
      dataFolder: data.servables,
      builtInCommand: builtInCommand(),
      log,
    })
    const sizesFile = join(data.servables, 'sizes.json')
    const onDemand =
      memory === undefined
        ? undefined
        : await createOnDemandServables({ ...memory, driver: processes, sizesFile, log })
    const driver = onDemand?.driver ?? processes
    closing.push(() => driver.close(STOP_GRACE_MS))
    const buildInfo = { name: 'millrace', version }
    // Each needs what the other offers; nothing is asked before all are there.
    const asked = Promise.withResolvers<Gateway>()
    const monitoring = await createMonitoring({
      ...options.monitoring,
      store,
      log,
      buildInfo,
      fetchObject: createObjectFetcher(process.env),
      ask: async (servableName, inputs, { requestId, signal, deadlineMs }) => {
        const headers = { 'x-request-id': requestId }
        return (await asked.promise).askUnrecorded(servableName, inputs, { headers, signal, deadlineMs })
      },
    })
    const { record, routes: moreRoutes } = monitoring
    // Idempotent: this is for a manager that does not start.
    closing.push(() => monitoring.close())
    const manager = await createManager({
      store,
      driver,
      dataFolder: data.manager,
      log,
      buildInfo,
      moreRoutes,
    })
    closing.push(() => manager.close())
    const { discovery } = manager
    const gateway = createGateway({
      discovery,
      record,
      log,
      demand: onDemand?.demand,
      buildInfo: { version },
    })
    closing.push(() => gateway.close())
    asked.resolve(gateway)
    // What was asked last may still have to be held against its metrics, whose servables the gateway reaches.
    closing.push(() => monitoring.close())
    const ownKey = randomBytes(32).toString('base64url')
    const server = await serve({
      ownKey,
      folder: null,
      settings,
      environment: {},
      log,
      doors: {
        routes: gateway.routes,
        handOver: guardFromPages(ui === null ? manager.http : joinHandOver(manager.http, ui), {
          settings,
          isLoopback: isLoopback(settings.host),
        }),
        methods: new Map<string, GrpcMethod>([...gateway.methods, ...manager.methods, ...monitoring.methods]),
        figures: [...monitoring.figures, ...gateway.figures, ...(onDemand?.figures ?? [])],
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
    const ownHeaders = { 'x-api-key': ownKey }
    return { server, url, store, ownHeaders, untilServed, close: () => (closed ??= closeAll()) }
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
