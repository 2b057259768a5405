import { stat } from 'node:fs/promises'
import { dirname, relative } from 'node:path'
import {
  createLogger,
  type LoadedServerSettings,
  type LoadFailure,
  loadServerSettings,
  type ServeOptions,
  type ServerLogger,
  type ServerSettings,
  serve,
  shownUri,
} from '@millrace/server'
import pc from 'picocolors'
import { CommandFailure } from './command-failure.ts'
import { EXIT } from './exit-codes.ts'
import { isUri, type NamedRepository, namedRepository } from './named-repository.ts'
import { packageVersion } from './package-version.ts'
import { configText } from './print-config.ts'
import { listeningText, readyText } from './start-report.ts'
import type { RunningTracing } from './start-tracing.ts'
import { stopSignal } from './stop-signal.ts'
import { logStrayRejections } from './stray-rejections.ts'

/** What the command line says. */
export interface ServeFlags {
  readonly host?: string
  readonly httpPort?: number
  readonly grpcPort?: number
  readonly metricsPort?: number
  readonly allowPickle?: true
  readonly debug?: true
  readonly logFormat?: 'text' | 'json'
  readonly watch?: true
  readonly printConfig?: true
}

/**
 * Serves a model repository until a signal comes.
 * @param argument the folder or URI of the command line; without it variables and settings say which
 * @throws CommandFailure when models fail to load; what keeps a server from starting, as it is
 */
export async function runServe(argument: string | undefined, flags: ServeFlags): Promise<void> {
  const startedMs = performance.now()
  const loaded = await loadSettings(namedRepository(argument, process.env), flags)
  const { settings } = loaded
  const folder = settings.modelRepositoryRoot
  const log = createLogger({
    isStructured: settings.isLogStructured,
    level: settings.isDebugging ? 'debug' : 'info',
  })
  for (const warning of loaded.warnings) log.warn(warning)
  if (flags.printConfig) {
    process.stdout.write(configText(loaded))
    return
  }

  const tracing = await openTracing(settings)
  try {
    await serveUntilStopped(folder, settings, log, tracing?.tracer, startedMs)
  } finally {
    await tracing?.stop()
  }
}

/** The tracer that the settings ask for; `null` if they ask for none. */
export async function openTracing({
  tracingServer: collector,
  serverName: serviceName,
  serverVersion: serviceVersion,
}: ServerSettings): Promise<RunningTracing | null> {
  if (collector === undefined) return null
  // Loaded only for those who trace: it is as large as the rest of the command.
  const { startTracing } = await import('./start-tracing.ts')
  return startTracing({ collector, serviceName, serviceVersion, variables: process.env })
}

async function serveUntilStopped(
  folder: string,
  settings: ServerSettings,
  log: ServerLogger,
  tracer: ServeOptions['tracer'],
  startedMs: number,
): Promise<void> {
  const stop = stopSignal()
  logStrayRejections(log)
  const server = await serve({ folder, settings, environment: process.env, log, tracer })
  const shown = isUri(folder) ? shownUri(folder) : relative(process.cwd(), folder) || '.'
  process.stdout.write(
    `${pc.bold(`Millrace ${packageVersion()}`)} serving ${shown}\n\n${listeningText(server, settings)}`,
  )

  const failures = await Promise.race([server.started, stop])
  if (Array.isArray(failures)) {
    if (failures.length > 0) {
      await server.close()
      throw startFailure(failures)
    }
    process.stdout.write(`\n${await readyText(server, performance.now() - startedMs)}`)
    process.stdout.write(pc.dim('\nCtrl+C stops it.\n'))
    await stop
  }
  log.info('stopping: no new requests; running ones may finish', { timeoutMs: settings.shutdownTimeoutMs })
  await server.close()
  log.info('stopped')
}

/** @throws CommandFailure unless there is such a folder */
export async function requireFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => null)
  if (found === null) {
    throw new CommandFailure(
      `there is no file or folder ${folder}; name the folder that holds your models, or make a first one with: millrace init my-model`,
      EXIT.configuration,
    )
  }
  if (!found.isDirectory()) {
    throw new CommandFailure(
      `${folder} is a file; name the folder that holds your models`,
      EXIT.configuration,
    )
  }
}

async function loadSettings(
  named: NamedRepository | undefined,
  { host, httpPort, grpcPort, metricsPort, allowPickle, debug, logFormat, watch }: ServeFlags,
): Promise<LoadedServerSettings> {
  const flags = {
    host,
    http_port: httpPort,
    grpc_port: grpcPort,
    metrics_port: metricsPort,
    allow_pickle: allowPickle,
    debug,
    use_structured_logging: logFormat === undefined ? undefined : logFormat === 'json',
    watch_model_repository: watch,
  }
  if (named !== undefined) {
    const { root, origin } = named
    // Variables come from an image's maker: the folder may appear later, as under ModelMesh.
    const isFile = !isUri(root) && (await stat(root).catch(() => null))?.isFile() === true
    if (isFile)
      return loadServerSettings({ folder: root, folderOrigin: origin, settingsFolder: dirname(root), flags })
    const loaded = await loadServerSettings({ folder: root, folderOrigin: origin, flags })
    // Where models are loaded on request the folder may appear later, too.
    if (named.isArgument && !isUri(root) && loaded.settings.loadsModelsAtStartup) await requireFolder(root)
    return loaded
  }
  const { settings } = await loadServerSettings({ flags })
  const root = settings.modelRepositoryRoot
  return loadServerSettings(isUri(root) ? { flags } : { settingsFolder: root, flags })
}

/** One line for each model, whatever its author's error says. */
function startFailure(failures: readonly LoadFailure[]): CommandFailure {
  const lines = failures.map(({ subject, error }) => {
    const message = (error instanceof Error ? error.message : String(error)).replaceAll(/\s*\n\s*/g, ' ')
    const isNamed = message.startsWith(subject) || message.startsWith(`Model ${subject} `)
    return isNamed ? `  ${message}` : `  ${subject}: ${message}`
  })
  const count = failures.length === 1 ? 'one model' : `${failures.length} models`
  return new CommandFailure(
    `${count} could not be loaded, so the server stopped:\n${lines.toSorted().join('\n')}`,
    EXIT.modelLoad,
  )
}
