import { relative, resolve } from 'node:path'
import {
  createLogger,
  loadServerSettings,
  type RepositoryChange,
  type ServerLogger,
  serve,
} from '@millrace/server'
import pc from 'picocolors'
import { CommandFailure } from './command-failure.ts'
import { isIgnored } from './dev-ignored.ts'
import { createDevReport } from './dev-report.ts'
import { EXIT } from './exit-codes.ts'
import { isUri } from './named-repository.ts'
import { packageVersion } from './package-version.ts'
import { openTracing, requireFolder } from './run-serve.ts'
import { listeningText } from './start-report.ts'
import { stopSignal } from './stop-signal.ts'
import { logStrayRejections } from './stray-rejections.ts'

/** What the command line says. */
export interface DevFlags {
  readonly host?: string
  readonly httpPort?: number
  readonly grpcPort?: number
  readonly metricsPort?: number
  /** Default: true. */
  readonly debug: boolean
  readonly logFormat?: 'text' | 'json'
}

/** Long enough for an editor to finish a save, and too short to be waited for. */
const SETTLE_MS = 100

/**
 * Serves the models of a folder until a signal comes, and loads them anew as their files change. A model that cannot be
 * loaded never ends it.
 * @throws CommandFailure for what is no folder; what keeps a server from starting, as it is
 */
export async function runDev(argument: string, flags: DevFlags): Promise<void> {
  const startedMs = performance.now()
  const folder = await modelFolder(argument)
  const { settings, warnings } = await loadServerSettings({
    folder,
    folderOrigin: 'folder argument',
    flags: {
      host: flags.host,
      http_port: flags.httpPort,
      grpc_port: flags.grpcPort,
      metrics_port: flags.metricsPort,
      debug: flags.debug,
      use_structured_logging: flags.logFormat === undefined ? undefined : flags.logFormat === 'json',
      watch_model_repository: true,
      load_models_at_startup: true,
    },
  })
  if (settings.modelRepositoryImplementation !== undefined) {
    throw new CommandFailure(
      'model_repository_implementation is set; only models that lie in a folder can be followed, so use millrace serve',
      EXIT.configuration,
    )
  }
  const log = createLogger({
    isStructured: settings.isLogStructured,
    level: settings.isDebugging ? 'debug' : 'info',
  })
  for (const warning of warnings) log.warn(warning)

  const stop = stopSignal()
  logStrayRejections(log)
  const tracing = await openTracing(settings)
  const changes: RepositoryChange[] = []
  let onChange = (change: RepositoryChange): void => void changes.push(change)
  try {
    const server = await serve({
      folder,
      settings,
      environment: process.env,
      log: settings.isLogStructured ? log : withoutLoads(log),
      tracer: tracing?.tracer,
      watch: { settleMs: SETTLE_MS, isIgnored, onChange: change => onChange(change) },
      servesDespiteFailures: true,
    })
    const shown = relative(process.cwd(), folder) || '.'
    process.stdout.write(
      `${pc.bold(`Millrace ${packageVersion()}`)} serving ${shown} while you edit\n\n${listeningText(server, settings)}`,
    )
    const failures = await Promise.race([server.started, stop])
    if (Array.isArray(failures)) {
      const report = createDevReport(server, folder)
      const untold = (error: unknown) => log.error('what has changed cannot be told', { error })
      let telling = report.started(failures, performance.now() - startedMs).catch(untold)
      // One after the other, in the order in which they came about.
      onChange = change => void (telling = telling.then(() => report.changed(change)).catch(untold))
      for (const change of changes) onChange(change)
      await stop
    }
    log.info('stopping: no new requests; running ones may finish', { timeoutMs: settings.shutdownTimeoutMs })
    await server.close()
    log.info('stopped')
  } finally {
    await tracing?.stop()
  }
}

async function modelFolder(argument: string): Promise<string> {
  if (isUri(argument)) {
    throw new CommandFailure(
      `${argument} is no folder of this machine; only what lies in a folder can be edited, so use millrace serve`,
      EXIT.configuration,
    )
  }
  const folder = resolve(argument)
  await requireFolder(folder)
  return folder
}

/** What the server logs of loads, by a field that no model's own line has: all of it is told in other words. */
const TOLD: Readonly<Record<string, string>> = {
  loaded: 'runsIn',
  reloaded: 'runsIn',
  unloaded: 'versions',
  'load failed': 'subject',
}

function isTold(message: string, fields: object = {}): boolean {
  return Object.hasOwn(TOLD, message) && Object.hasOwn(fields, TOLD[message]!)
}

function withoutLoads(log: ServerLogger): ServerLogger {
  return {
    debug: (message, fields) => (isTold(message, fields) ? undefined : log.debug(message, fields)),
    info: (message, fields) => (isTold(message, fields) ? undefined : log.info(message, fields)),
    warn: (message, fields) => log.warn(message, fields),
    error: (message, fields) => (isTold(message, fields) ? undefined : log.error(message, fields)),
    with: fields => withoutLoads(log.with(fields)),
  }
}
