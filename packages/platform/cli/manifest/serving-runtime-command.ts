import { Command, Option } from 'commander'
import type { ModelFormat } from '../../manifests/index.ts'
import { bytes, seconds, wholeNumber } from '../flag-values.ts'
import { outputFlag, toFormat, toLabel, toPair, toRequestAndLimit, toRuntimeName } from './manifest-flags.ts'
import type { ServingRuntimeFlags } from './run-serving-runtime.ts'

/** `millrace manifest serving-runtime DIR`. */
export function servingRuntimeCommand(): Command {
  return new Command('serving-runtime')
    .summary('the ServingRuntime of an image with a custom runtime')
    .description(
      'Write the ServingRuntime of an image that holds the custom runtime of a folder. By default it is for ModelMesh ' +
        "with its adapter for MLServer. The folder's model-settings.json says which class serves models that name none.",
    )
    .argument('<folder>', 'the runtime: a folder with model-settings.json')
    .addOption(new Option('--image <image>', 'the image that holds it').makeOptionMandatory())
    .addOption(
      new Option(
        '--format <name[:version]>',
        "a format of models that it serves; may be repeated (default: platform and versions of the folder's settings)",
      ).argParser((text: string, before: readonly ModelFormat[] | undefined) => [
        ...(before ?? []),
        toFormat(text),
      ]),
    )
    .option(
      '--name <name>',
      "the resource's name (default: the name in the folder's settings)",
      toRuntimeName,
    )
    .option('--namespace <namespace>', "the resource's namespace (default: none is written)", toLabel)
    .option('--cluster', 'a ClusterServingRuntime, for all namespaces')
    .option('--no-auto-select', 'only for models that name this runtime')
    .option('--no-adapter', "for ModelMesh, which asks the server itself in place of MLServer's adapter")
    .option(
      '--sockets <folder>',
      'with --no-adapter: Unix sockets in this folder of the pod in place of ports',
    )
    .option('--no-storage-helper', 'with --no-adapter: the server fetches models itself')
    .option('--kserve', 'for single-model serving by KServe, without ModelMesh')
    .addOption(
      new Option('--protocol <protocol>', 'with --kserve: what the pod speaks (default: v2)').choices([
        'v2',
        'grpc-v2',
      ]),
    )
    .option('--workdir <folder>', "where the image has the folder's files (default: /model)")
    .option(
      '--command <words>',
      'what the container runs (default: millrace serve from --workdir for a TypeScript class, else what the image does)',
    )
    .addOption(
      new Option('--env <name=value>', 'a variable of the container; may be repeated').argParser(toPair),
    )
    .option(
      '--cpu <request[:limit]>',
      "the container's share of processors (default: 500m:5)",
      toRequestAndLimit,
    )
    .option('--memory <request[:limit]>', "the container's memory (default: 1Gi)", toRequestAndLimit)
    .option(
      '--memory-buffer <bytes>',
      'for ModelMesh: memory that is not for models (default: 128Mi)',
      bytes(1),
    )
    .option(
      '--load-timeout <seconds>',
      'for ModelMesh: what one load may take (default: 90)',
      seconds(86_400, false),
    )
    .option(
      '--max-loads <count>',
      'for ModelMesh: loads at once in a pod (default: 1)',
      wholeNumber(1, 1_000),
    )
    .option(
      '--replicas <count>',
      'pods (default: what the cluster is configured for)',
      wholeNumber(0, 65_535),
    )
    .option('--debug', 'log more, and run models in the server itself')
    .addOption(outputFlag())
    .addHelpText(
      'after',
      `
Examples:
  millrace manifest serving-runtime my-model --image registry.example.com/my-model:1 --format my-format:1
  millrace manifest serving-runtime my-model --image my-model:1 --format my-format --no-adapter --sockets /sock
  millrace manifest serving-runtime my-model --image my-model:1 --format my-format --kserve | kubectl apply -f -`,
    )
    .action(async (folder: string, flags: ServingRuntimeFlags) => {
      const { runServingRuntime } = await import('./run-serving-runtime.ts')
      await runServingRuntime(folder, flags)
    })
}
