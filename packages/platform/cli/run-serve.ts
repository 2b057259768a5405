import { stat } from 'node:fs/promises'
import { relative } from 'node:path'
import {
  createLogger,
  type LoadedServerSettings,
  type LoadFailure,
  loadServerSettings,
  serve,
} from '@millrace/server'
import pc from 'picocolors'
import { CommandFailure } from './command-failure.ts'
import { EXIT } from './exit-codes.ts'
import { packageVersion } from './package-version.ts'
import { configText } from './print-config.ts'
import { listeningText, readyText } from './start-report.ts'
import { stopSignal } from './stop-signal.ts'

/** What the command line says. */
export interface ServeFlags {
  readonly host?: string
  readonly httpPort?: number
  readonly grpcPort?: number
  readonly metricsPort?: number
  readonly debug?: true
  readonly logFormat?: 'text' | 'json'
  readonly printConfig?: true
}

/**
 * Serves a folder until a signal comes.
 * @throws CommandFailure when models fail to load; what keeps a server from starting, as it is
 */
export async function runServe(folder: string, flags: ServeFlags): Promise<void> {
  const startedMs = performance.now()
  await requireFolder(folder)
  const loaded = await loadSettings(folder, flags)
  const { settings } = loaded
  const log = createLogger({
    isStructured: settings.isLogStructured,
    level: settings.isDebugging ? 'debug' : 'info',
  })
  for (const warning of loaded.warnings) log.warn(warning)
  if (flags.printConfig) {
    process.stdout.write(configText(loaded))
    return
  }

  const stop = stopSignal()
  const server = await serve({ folder, settings, environment: process.env, log })
  const shown = relative(process.cwd(), folder) || '.'
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

async function requireFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => null)
  if (found === null) {
    throw new CommandFailure(
      `folder ${folder} does not exist; name the folder that holds your models, or make a first one with: millrace init my-model`,
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

function loadSettings(folder: string, flags: ServeFlags): Promise<LoadedServerSettings> {
  const { host, httpPort, grpcPort, metricsPort, debug, logFormat } = flags
  return loadServerSettings({
    folder,
    flags: {
      host,
      http_port: httpPort,
      grpc_port: grpcPort,
      metrics_port: metricsPort,
      debug,
      use_structured_logging: logFormat === undefined ? undefined : logFormat === 'json',
    },
  })
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
