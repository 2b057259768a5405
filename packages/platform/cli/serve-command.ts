import { Command, InvalidArgumentError, Option } from 'commander'
import type { ServeFlags } from './run-serve.ts'

/** `millrace serve [DIR]`. */
export function serveCommand(): Command {
  return new Command('serve')
    .summary('serve the models of a folder over REST and gRPC')
    .description(
      'Serve every model below a folder over the Open Inference Protocol (REST and gRPC). Each model is a folder ' +
        'with a model-settings.json, or whose files show what it is; settings.json beside them configures the server.',
    )
    .argument(
      '[folder]',
      'the model repository: a folder, the file of one model, or an s3:, https: or oci: URI (default: this folder)',
    )
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--http-port <port>', 'port for REST (default: 8080; 0 picks a free one)', toPort)
    .option('--grpc-port <port>', 'port for gRPC (default: 8081; 0 picks a free one)', toPort)
    .option('--metrics-port <port>', 'port for /metrics (default: 8082; 0 picks a free one)', toPort)
    .addOption(new Option('--log-format <format>', 'how to log (default: text)').choices(['text', 'json']))
    .option('--watch', 'load, reload and unload models as their folders change')
    .option('--allow-pickle', 'let models be read from pickles, which run whatever code they hold')
    .option('--debug', 'log every request, and tell clients what unexpected errors said')
    .option('--print-config', 'print every setting, its value and where it came from, and stop')
    .addHelpText(
      'after',
      `
A setting comes from the first of: a flag, settings.json in the folder, an environment variable (MLSERVER_HTTP_PORT or
MILLRACE_HTTP_PORT), .env in the working directory, its default.

Without a folder MLSERVER_MODELS_DIR names it, else model_repository_root in one of these places.

Examples:
  millrace serve                                    the models below this folder
  millrace serve models --http-port 9000
  millrace serve iris.onnx                          one model, without settings
  millrace serve s3://bucket/models                 downloaded first; AWS variables say how
  millrace serve models --watch                     while you edit
  MLSERVER_HOST=0.0.0.0 millrace serve models       also for other machines
  millrace serve models --print-config`,
    )
    .action(async (folder: string | undefined, flags: ServeFlags) => {
      // The server is loaded only for those who want one: help and mistakes come at once.
      const { runServe } = await import('./run-serve.ts')
      await runServe(folder, flags)
    })
}

/** @throws InvalidArgumentError for what is no port */
export function toPort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new InvalidArgumentError('It must be a whole number from 0 to 65535.')
}
