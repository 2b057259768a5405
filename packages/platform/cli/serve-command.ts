import { stat } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import {
  createLogger,
  type LoadedServerSettings,
  type LoadFailure,
  loadServerSettings,
  type RunningServer,
  serve,
} from '@millrace/server'
import { Command } from 'commander'
import pc from 'picocolors'
import { CommandFailure, describeStartFailure } from './command-failure.ts'
import { EXIT } from './exit-codes.ts'
import { packageVersion } from './package-version.ts'
import { configText } from './print-config.ts'
import { listeningText, readyText } from './start-report.ts'

interface ServeFlags {
  readonly host?: string
  readonly httpPort?: string
  readonly grpcPort?: string
  readonly metricsPort?: string
  readonly debug?: true
  readonly logFormat?: string
  readonly printConfig?: true
}

/** `millrace serve [DIR]`. */
export function serveCommand(): Command {
  return new Command('serve')
    .summary('serve the models of a folder over REST and gRPC')
    .description(
      'Serve every model below a folder over the Open Inference Protocol (REST and gRPC). Each model is a folder\n' +
        'with a model-settings.json; settings.json beside them configures the server.',
    )
    .argument('[folder]', 'the model repository', '.')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--http-port <port>', 'port for REST (default: 8080; 0 picks a free one)')
    .option('--grpc-port <port>', 'port for gRPC (default: 8081; 0 picks a free one)')
    .option('--metrics-port <port>', 'port for /metrics (default: 8082; 0 picks a free one)')
    .option('--log-format <format>', 'text or json (default: text)')
    .option('--debug', 'log every request, and tell clients what unexpected errors said')
    .option('--print-config', 'print every setting, its value and where it came from, and stop')
    .addHelpText(
      'after',
      `
A setting comes from the first of: a flag, settings.json in the folder, an environment variable (MLSERVER_HTTP_PORT or
MILLRACE_HTTP_PORT), .env in the working directory, its default.

Examples:
  millrace serve                                    the models below this folder
  millrace serve models --http-port 9000
  MLSERVER_HOST=0.0.0.0 millrace serve models       also for other machines
  millrace serve models --print-config`,
    )
    .action((folder: string, flags: ServeFlags) => runServe(resolve(folder), flags))
}

async function runServe(folder: string, flags: ServeFlags): Promise<void> {
  const startedMs = performance.now()
  await requireFolder(folder)
  const loaded = await loadSettings(folder, flags)
  if (flags.printConfig) {
    process.stdout.write(configText(loaded))
    return
  }
  const { settings } = loaded
  const log = createLogger({ isStructured: settings.isLogStructured, level: settings.isDebugging ? 'debug' : 'info' })
  for (const warning of loaded.warnings) log.warn(warning)

  const stop = stopSignal()
  const server = await serve({ folder, settings, environment: process.env, log }).catch((error: unknown) => {
    throw describeStartFailure(error)
  })
  const shown = relative(process.cwd(), folder) || '.'
  process.stdout.write(`${pc.bold(`Millrace ${packageVersion()}`)} serving ${shown}\n\n${listeningText(server, settings)}`)

  const failures = await Promise.race([server.started, stop])
  if (Array.isArray(failures)) {
    if (failures.length > 0) await failStart(server, failures)
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
    throw new CommandFailure(`${folder} is a file; name the folder that holds your models`, EXIT.configuration)
  }
}

async function loadSettings(folder: string, flags: ServeFlags): Promise<LoadedServerSettings> {
  const { host, httpPort, grpcPort, metricsPort, debug, logFormat } = flags
  if (logFormat !== undefined && logFormat !== 'text' && logFormat !== 'json') {
    throw new CommandFailure(`--log-format is '${logFormat}'; it must be text or json`, EXIT.usage)
  }
  try {
    return await loadServerSettings({
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
  } catch (error) {
    throw describeStartFailure(error)
  }
}

/** Resolves at the first signal to stop; a second one ends the process at once. */
function stopSignal(): Promise<void> {
  const { promise, resolve: stop } = Promise.withResolvers<void>()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGQUIT'] as const) {
    process.once(signal, () => {
      stop()
      process.once(signal, () => process.exit(128 + (signal === 'SIGTERM' ? 15 : signal === 'SIGINT' ? 2 : 3)))
    })
  }
  return promise
}

async function failStart(server: RunningServer, failures: readonly LoadFailure[]): Promise<never> {
  await server.close()
  const lines = failures.map(({ subject, error }) => `  ${subject}: ${error instanceof Error ? error.message : String(error)}`)
  const count = failures.length === 1 ? 'one model' : `${failures.length} models`
  throw new CommandFailure(`${count} could not be loaded, so the server stopped:\n${lines.join('\n')}`, EXIT.modelLoad)
}
