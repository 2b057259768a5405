import { Command, Option } from 'commander'
import type { CheckFlags } from './run-check.ts'

/** `millrace manifest check FILE…`. */
export function manifestCheckCommand(): Command {
  return new Command('check')
    .summary('tell what KServe or ModelMesh would refuse')
    .description(
      'Check ServingRuntime, ClusterServingRuntime, InferenceService and Predictor resources against the rules of KServe and ' +
        'ModelMesh, also against those that they only tell of in logs. For models that ModelMesh serves it shows what becomes ' +
        'of them there: their id, and how they are placed.',
    )
    .argument('<files...>', 'YAML or JSON files; - for standard input')
    .addOption(
      new Option('-o, --output <format>', 'how to print what was found')
        .choices(['text', 'json'])
        .default('text'),
    )
    .addHelpText(
      'after',
      `
Examples:
  millrace manifest check runtime.yaml models.yaml
  kubectl get servingruntime mlserver-1.x -o yaml | millrace manifest check -`,
    )
    .action(async (files: readonly string[], flags: CheckFlags) => {
      const { runCheck } = await import('./run-check.ts')
      await runCheck(files, flags)
    })
}
