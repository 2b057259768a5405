import { Command, Option } from 'commander'
import { outputFlag, toFormat, toLabel, toPair, toRuntimeName } from './manifest-flags.ts'
import type { InferenceServiceFlags } from './run-inference-service.ts'

/** `millrace manifest inference-service NAME`. */
export function inferenceServiceCommand(): Command {
  return new Command('inference-service')
    .summary('the InferenceService of a model')
    .description(
      'Write the InferenceService of a model: its format, and where its files are. By default it is left to ModelMesh.',
    )
    .argument('<name>', 'what clients call the model', toLabel)
    .addOption(
      new Option('--format <name[:version]>', "the model's format, which chooses its runtime")
        .argParser(toFormat)
        .makeOptionMandatory(),
    )
    .option('--path <path>', 'where in the storage the model is')
    .option('--storage-key <key>', "entry of the namespace's secret storage-config (default: its default)")
    .addOption(
      new Option(
        '--storage-parameter <name=value>',
        'what wins over the entry, such as bucket=models; may be repeated',
      ).argParser(toPair),
    )
    .option(
      '--schema-path <path>',
      'where in the storage a file is that says which tensors the model takes and gives',
    )
    .option('--storage-uri <uri>', 'in place of --path: s3://, gs://, pvc://, http:// or https://')
    .option('--runtime <name>', 'the ServingRuntime (default: one that selects the format)', toRuntimeName)
    .addOption(
      new Option('--protocol <protocol>', 'what the runtime must speak').choices([
        'v2',
        'grpc-v2',
        'v1',
        'grpc-v1',
      ]),
    )
    .option('--namespace <namespace>', "the resource's namespace (default: none is written)", toLabel)
    .option('--kserve', 'for single-model serving by KServe, without ModelMesh')
    .addOption(outputFlag())
    .addHelpText(
      'after',
      `
Examples:
  millrace manifest inference-service churn --format my-format:1 --storage-key store1 --path churn/v1
  millrace manifest inference-service churn --format my-format:1 --storage-uri s3://models/churn/v1
  millrace manifest inference-service churn --format my-format --storage-uri pvc://models/churn --kserve --output json`,
    )
    .action(async (name: string, flags: InferenceServiceFlags) => {
      const { runInferenceService } = await import('./run-inference-service.ts')
      runInferenceService(name, flags)
    })
}
