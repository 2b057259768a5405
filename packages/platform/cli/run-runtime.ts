import { resolve } from 'node:path'
import type { HydrosphereGeneration } from '@millrace/sdk/protocol'
import { createLogger, loadServerSettings, serve } from '@millrace/server'
import { CommandFailure } from './command-failure.ts'
import { EXIT } from './exit-codes.ts'
import { withPlatformLimits } from './platform-limits.ts'
import { describeModelFolder } from './runtime/model-folder.ts'
import { stopSignal } from './stop-signal.ts'
import { logStrayRejections } from './stray-rejections.ts'

export interface RuntimeFlags {
  readonly modelDir?: string
  readonly port?: number
  readonly host?: string
  readonly generation?: HydrosphereGeneration
  readonly name?: string
  readonly logFormat?: 'text' | 'json'
}

const DEFAULT_FOLDER = '/model'
const DEFAULT_PORT = 9091

/**
 * Serves the model of one folder until a signal comes. Who asks is told what the model's code threw, as Hydrosphere's
 * runtimes do: the gateway and the people behind it have nobody else to ask.
 * @throws CommandFailure for a folder that is none, and for a model that does not load
 */
export async function runRuntime(flags: RuntimeFlags): Promise<void> {
  const folder = resolve(flags.modelDir ?? (process.env['MODEL_DIR'] || DEFAULT_FOLDER))
  const model = await describeModelFolder({ folder, generation: flags.generation, name: flags.name })
  const {
    settings: given,
    warnings,
    origins,
  } = await loadServerSettings({
    flags: {
      host: flags.host ?? '0.0.0.0',
      grpc_port: flags.port ?? portOfEnvironment(),
      // Nobody but the gateway comes here, and it speaks gRPC.
      http_port: 0,
      metrics_endpoint: null,
      debug: true,
      use_structured_logging: flags.logFormat === undefined ? undefined : flags.logFormat === 'json',
    },
  })
  const settings = withPlatformLimits(given, origins)
  const log = createLogger({ isStructured: settings.isLogStructured, level: 'info' })
  for (const warning of warnings) log.warn(warning)
  logStrayRejections(log)
  const stop = stopSignal()
  const server = await serve({
    folder: null,
    models: [model],
    settings,
    environment: process.env,
    log,
    doors: { hydrosphere: { answersEveryName: true } },
  })
  const failures = await Promise.race([server.started, stop])
  const failure = failures?.[0]
  if (failure !== undefined) {
    await server.close()
    const message = failure.error instanceof Error ? failure.error.message : String(failure.error)
    throw new CommandFailure(message, EXIT.modelLoad, failure.error)
  }
  const { host, port } = server.grpc
  log.info('serving', { folder, host, port, restPort: server.rest.port, pid: process.pid })
  await stop
  await server.close()
}

function portOfEnvironment(): number {
  const text = process.env['APP_PORT']
  if (text === undefined || text === '') return DEFAULT_PORT
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new CommandFailure(
    `APP_PORT is ${JSON.stringify(text)}; it must be a whole number from 0 to 65535`,
    EXIT.configuration,
  )
}
