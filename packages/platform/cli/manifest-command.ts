import { Command } from 'commander'
import { manifestCheckCommand } from './manifest/check-command.ts'
import { inferenceServiceCommand } from './manifest/inference-service-command.ts'
import { servingRuntimeCommand } from './manifest/serving-runtime-command.ts'

/** `millrace manifest`. */
export function manifestCommand(): Command {
  const command = new Command('manifest')
    .summary('write and check Kubernetes resources for KServe and ModelMesh')
    .description(
      'Write Kubernetes resources for KServe and ModelMesh on standard output, or check those that there are. Whatever is ' +
        'written has passed the check.',
    )
    .addHelpText(
      'after',
      `
Examples:
  millrace manifest serving-runtime my-model --image registry.example.com/my-model:1 --format my-format:1
  millrace manifest inference-service churn --format my-format:1 --storage-key store1 --path churn/v1
  millrace manifest check runtime.yaml`,
    )
  for (const part of [servingRuntimeCommand(), inferenceServiceCommand(), manifestCheckCommand()]) {
    command.addCommand(part)
  }
  return command
}
