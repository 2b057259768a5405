import { Command, Option } from 'commander'
import type { RuntimeFlags } from './run-runtime.ts'
import { toPort } from './serve-command.ts'

/** `millrace runtime`. */
export function runtimeCommand(): Command {
  return new Command('runtime')
    .summary("serve one model as the main process of a Hydrosphere runtime's container")
    .description(
      "Serve the model of a folder that has Hydrosphere's layout: contract.protobin, and files/ with src/func_main.py, " +
        'func_main.ts or a model file. It answers PredictionService of all generations, Status and health checks, and V2.',
    )
    .option('--model-dir <folder>', 'the folder (default: $MODEL_DIR, else /model)')
    .option('--port <port>', 'port for gRPC (default: $APP_PORT, else 9091; 0 picks a free one)', toPort)
    .option('--host <address>', 'address to listen on (default: 0.0.0.0, as a container has to)')
    .addOption(
      new Option(
        '--generation <generation>',
        'what contract.protobin is (default: what its bytes show)',
      ).choices(['G1', 'G2', 'G3']),
    )
    .option('--name <name>', "the model's name (default: what contract.protobin says, else model)")
    .addOption(new Option('--log-format <format>', 'how to log (default: text)').choices(['text', 'json']))
    .addHelpText(
      'after',
      `
The port has no protection of its own: it is for the network inside a container's pod, or for --host 127.0.0.1.

Examples:
  millrace runtime                                       in a container
  millrace runtime --model-dir my-model --host 127.0.0.1 --port 9091`,
    )
    .action(async (flags: RuntimeFlags) => {
      const { runRuntime } = await import('./run-runtime.ts')
      await runRuntime(flags)
    })
}
