import { Command, Option } from 'commander'
import { bytes, seconds, wholeNumber } from './flag-values.ts'
import type { UpFlags } from './run-up.ts'
import { toPort } from './serve-command.ts'

const MIN_BUDGET_BYTES = 1024 * 1024
/** A week. */
const LONGEST_IDLE_SECONDS = 7 * 24 * 3600

/** `millrace up`. */
export function upCommand(): Command {
  return new Command('up')
    .summary('run the whole platform on this machine: registry, builds, servables, applications, gateway')
    .description(
      'Run the control plane and the gateway in one process tree, with everything it knows in one folder. Models are ' +
        'registered and deployed with millrace apply, and asked through the gateway.',
    )
    .option('--data <folder>', 'where everything is kept (default: .millrace in the working directory)')
    .option('--database <url>', 'postgres:// URL of the database (default: a file in the data folder)')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--http-port <port>', 'port for HTTP (default: 8080; 0 picks a free one)', toPort)
    .option('--grpc-port <port>', 'port for gRPC (default: 9090; 0 picks a free one)', toPort)
    .option('--metrics-port <port>', 'port for /metrics (default: 8082; 0 picks a free one)', toPort)
    .option(
      '--apply <path>',
      'resource file or folder to apply at the first start, when there are no models yet',
    )
    .option('--alertmanager <url>', 'Prometheus Alertmanager that is told of failed checks (default: none)')
    .option(
      '--keep-requests <count>',
      'monitored requests kept of each model version (default: 100000)',
      wholeNumber(1, 100_000_000),
    )
    .option(
      '--keep-days <days>',
      'days that monitored requests are kept (default: 30)',
      wholeNumber(1, 36_500),
    )
    .addOption(
      new Option(
        '--memory-budget <bytes>',
        'memory that all servables may take together, such as 8Gi: they are started by requests, and the one not asked for longest gives way (default: all run)',
      )
        .env('MILLRACE_MEMORY_BUDGET')
        .argParser(bytes(MIN_BUDGET_BYTES)),
    )
    .addOption(
      new Option(
        '--idle-after <seconds>',
        'with --memory-budget, stop a servable that nobody has asked for so long (default: when others need its memory)',
      )
        .env('MILLRACE_IDLE_AFTER')
        .argParser(seconds(LONGEST_IDLE_SECONDS, false)),
    )
    .option('--no-ui', 'no web interface')
    .addOption(new Option('--log-format <format>', 'how to log (default: text)').choices(['text', 'json']))
    .addHelpText(
      'after',
      `
One HTTP port answers / (the web interface), /api (the manager), /monitoring, /gateway (predictions), and /v2 (applications and servables as models); one gRPC
port all services of the three generations of Hydrosphere, and V2. MILLRACE_* variables and settings of millrace serve
count for the ports: TLS, API keys, limits.

Examples:
  millrace up                                  everything in .millrace
  millrace up --data /var/lib/millrace --http-port 80
  millrace up --apply examples/platform        with sample models at the first start
  millrace up --database postgres://millrace@db/millrace
  millrace up --alertmanager http://127.0.0.1:9093 --keep-days 7
  millrace up --memory-budget 4Gi --idle-after 600`,
    )
    .action(async (flags: UpFlags) => {
      const { runUp } = await import('./run-up.ts')
      await runUp(flags)
    })
}
