import { Command, Option } from 'commander'
import type { DevFlags } from './run-dev.ts'
import { toPort } from './serve-command.ts'

/** `millrace dev [DIR]`. */
export function devCommand(): Command {
  return new Command('dev')
    .summary('serve a model, or a folder of them, while you edit')
    .description(
      'Serve a model, or every model below a folder, and load it anew on every save. A save that cannot be loaded ' +
        'leaves the last good state serving, and shows the mistake with its line.',
    )
    .argument('[folder]', 'the folder of a model, or of several (default: this folder)')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--http-port <port>', 'port for REST (default: 8080; 0 picks a free one)', toPort)
    .option('--grpc-port <port>', 'port for gRPC (default: 8081; 0 picks a free one)', toPort)
    .option('--metrics-port <port>', 'port for /metrics (default: 8082; 0 picks a free one)', toPort)
    .addOption(new Option('--log-format <format>', 'how to log (default: text)').choices(['text', 'json']))
    .option('--no-debug', 'do not log every request, nor tell clients what unexpected errors said')
    .addHelpText(
      'after',
      `
Followed are all files of a model's folder: code, settings, artefacts. Left out are tests (*.test.ts), *.md, node_modules,
dist, and names that begin with a dot.

Examples:
  millrace dev                          the model, or the models, of this folder
  millrace dev my-model
  millrace dev models --http-port 9000`,
    )
    .action(async (folder: string | undefined, flags: DevFlags) => {
      const { runDev } = await import('./run-dev.ts')
      await runDev(folder ?? '.', flags)
    })
}
