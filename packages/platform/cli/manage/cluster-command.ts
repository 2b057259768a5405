import { Argument, Command, Option } from 'commander'
import type { ClusterFlags } from './run-cluster.ts'

const ACTIONS = ['list', 'add', 'use', 'rm'] as const

/** `millrace cluster [ACTION] [NAME]`. */
export function clusterCommand(): Command {
  return new Command('cluster')
    .summary('give platforms names, and choose the one that commands speak to')
    .description(
      'Give platforms names, and choose the one that commands speak to. Without an action, print that one. The names are ' +
        "kept in ~/.hs/config.yaml, in the form of Hydrosphere's own command, which reads and writes the same file; " +
        'MILLRACE_CONFIG names another file.',
    )
    .addArgument(new Argument('[action]', 'what to do').choices(ACTIONS))
    .argument('[name]', 'which one')
    .addOption(new Option('--name <name>', 'the same as the argument name'))
    .option('--server <url>', 'where the platform is; add needs it')
    .addHelpText(
      'after',
      `
The first that is added becomes the current one; so does the one that is left when only one is.

Examples:
  millrace cluster add production --server https://models.example.com
  millrace cluster use production
  millrace cluster list
  millrace cluster rm production
  millrace get models --cluster production           for one command`,
    )
    .action(
      async (action: (typeof ACTIONS)[number] | undefined, name: string | undefined, flags: ClusterFlags) => {
        const { runCluster } = await import('./run-cluster.ts')
        await runCluster(action, name ?? flags.name, flags)
      },
    )
}
