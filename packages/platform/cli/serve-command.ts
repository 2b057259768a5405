import { stat } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import {
  createLogger,
  type LoadedServerSettings,
  type LoadFailure,
  loadServerSettings,
  serve,
} from '@millrace/server'
import { Command, InvalidArgumentError, Option } from 'commander'
import pc from 'picocolors'
import { CommandFailure } from './command-failure.ts'
import { EXIT } from './exit-codes.ts'
import { packageVersion } from './package-version.ts'
import { configText } from './print-config.ts'
import { listeningText, readyText } from './start-report.ts'
import { stopSignal } from './stop-signal.ts'

interface ServeFlags {
  readonly host?: string
  readonly httpPort?: number
  readonly grpcPort?: number
  readonly metricsPort?: number
  readonly debug?: true
  readonly logFormat?: 'text' | 'json'
  readonly printConfig?: true
}

/** `millrace serve [DIR]`. */
export function serveCommand(): Command {
  return new Command('serve')
    .summary('serve the models of a folder over REST and gRPC')
    .description(
      'Serve every model below a folder over the Open Inference Protocol (REST and gRPC). Each model is a folder ' +
        'with a model-settings.json; settings.json beside them configures the server.',
    )
    .argument('[folder]', 'the model repository', '.')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--http-port <port>', 'port for REST (default: 8080; 0 picks a free one)', toPort)
    .option('--grpc-port <port>', 'port for gRPC (default: 8081; 0 picks a free one)', toPort)
    .option('--metrics-port <port>', 'port for /metrics (default: 8082; 0 picks a free one)', toPort)
    .addOption(new Option('--log-format <format>', 'how to log (default: text)').choices(['text', 'json']))
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

function toPort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new InvalidArgumentError('It must be a whole number from 0 to 65535.')
}

async function runServe(folder: string, flags: ServeFlags): Promise<void> {
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
