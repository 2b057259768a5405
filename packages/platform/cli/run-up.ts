import { relative, resolve } from 'node:path'
import { createLogger, loadServerSettings } from '@millrace/server'
import pc from 'picocolors'
import { CommandFailure } from './command-failure.ts'
import { endProcess } from './end-process.ts'
import { EXIT } from './exit-codes.ts'
import { packageVersion } from './package-version.ts'
import { withPlatformLimits } from './platform-limits.ts'
import { stopSignal } from './stop-signal.ts'
import { logStrayRejections } from './stray-rejections.ts'
import { applyAtFirstStart } from './up/apply-at-first-start.ts'
import { takeDataFolder } from './up/data-folder.ts'
import { openUi, type Ui } from './up/open-ui.ts'
import {
  type MemorySettings,
  type MonitoringSettings,
  type Platform,
  startPlatform,
} from './up/start-platform.ts'

export interface UpFlags {
  readonly data?: string
  readonly database?: string
  readonly host?: string
  readonly httpPort?: number
  readonly grpcPort?: number
  readonly metricsPort?: number
  readonly apply?: string
  readonly alertmanager?: string
  readonly keepRequests?: number
  readonly keepDays?: number
  /** In bytes. */
  readonly memoryBudget?: number
  /** In seconds. */
  readonly idleAfter?: number
  readonly ui?: boolean
  readonly logFormat?: 'text' | 'json'
}

const DEFAULT_GRPC_PORT = 9090

/**
 * Runs the platform until a signal comes.
 * @throws CommandFailure for a data folder that another process has; what keeps a part from starting, as it is
 */
export async function runUp(flags: UpFlags): Promise<void> {
  const startedMs = performance.now()
  const {
    settings: given,
    warnings,
    origins,
  } = await loadServerSettings({
    flags: {
      host: flags.host,
      http_port: flags.httpPort,
      grpc_port: flags.grpcPort ?? DEFAULT_GRPC_PORT,
      metrics_port: flags.metricsPort,
      // The gateway asks others; nothing runs here that would need a worker.
      parallel_workers: 0,
      use_structured_logging: flags.logFormat === undefined ? undefined : flags.logFormat === 'json',
    },
  })
  const settings = withPlatformLimits(given, origins)
  const log = createLogger({
    isStructured: settings.isLogStructured,
    level: settings.isDebugging ? 'debug' : 'info',
  })
  for (const warning of warnings) log.warn(warning)
  logStrayRejections(log)
  const stop = stopSignal()

  const folder = resolve(flags.data ?? (process.env['MILLRACE_DATA'] || '.millrace'))
  const data = await takeDataFolder(folder)
  try {
    const databaseUrl = flags.database ?? (process.env['MILLRACE_DATABASE'] || undefined)
    const ui = flags.ui === false ? null : await openUi(settings.rootPath)
    const platform = await startPlatform({
      data,
      databaseUrl,
      settings,
      ui: ui?.pages ?? null,
      monitoring: monitoringSettings(flags),
      memory: memorySettings(flags),
      version: packageVersion(),
      log,
    })
    try {
      announce(platform, ui, folder, startedMs)
      if (flags.apply !== undefined) {
        await Promise.race([applyAtFirstStart({ platform, path: flags.apply, log }), stop])
      }
      process.stdout.write(pc.dim('\nCtrl+C stops it.\n'))
      await stop
      log.info('stopping: no new requests; running ones may finish, and servables stop')
    } finally {
      await platform.close()
    }
    log.info('stopped')
  } finally {
    await data.release()
  }
  endProcess(EXIT.ok)
}

function monitoringSettings({ alertmanager, keepRequests, keepDays }: UpFlags): MonitoringSettings {
  return {
    alertmanagerUrl: alertmanager ?? (process.env['MILLRACE_ALERTMANAGER'] || undefined),
    limits: {
      ...(keepRequests === undefined ? {} : { keptRequests: keepRequests }),
      ...(keepDays === undefined ? {} : { keptDays: keepDays }),
    },
  }
}

/** @throws CommandFailure for an idle time without a budget, which would do nothing */
function memorySettings({ memoryBudget, idleAfter }: UpFlags): MemorySettings | undefined {
  if (memoryBudget !== undefined) {
    return {
      budgetBytes: memoryBudget,
      idleMs: idleAfter === undefined ? undefined : Math.ceil(idleAfter * 1000),
    }
  }
  if (idleAfter === undefined) return undefined
  throw new CommandFailure('--idle-after needs --memory-budget', EXIT.configuration)
}

function announce({ server, url }: Platform, ui: Ui | null, folder: string, startedMs: number): void {
  const metrics =
    server.metrics === null ? 'off' : `http://${server.metrics.host}:${server.metrics.port}/metrics`
  const lines = [
    `${pc.bold(`Millrace ${packageVersion()}`)} is up in ${((performance.now() - startedMs) / 1000).toFixed(1)} s, its data in ${relative(process.cwd(), folder) || '.'}`,
    '',
    `  UI       ${uiLine(url, ui)}`,
    `  REST     ${pc.cyan(url)}   /api, /gateway, /v2`,
    `  gRPC     ${pc.cyan(`${server.grpc.host}:${server.grpc.port}`)}`,
    `  metrics  ${metrics}`,
    '',
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

function uiLine(url: string, ui: Ui | null): string {
  if (ui === null) return 'off'
  return ui.isBuilt ? pc.cyan(`${url}/`) : 'not built; in a checkout, npm run build:ui builds it'
}
