import { Command, Option } from 'commander'
import { seconds } from '../flag-values.ts'
import type { ApplyFlags } from './apply/run-apply.ts'
import { CONNECTION_TEXT, withConnection } from './connection-flags.ts'

const TIMEOUT_S = 600
const MAX_SECONDS = 86_400

/** `millrace apply`. */
export function applyCommand(): Command {
  const command = new Command('apply')
    .summary('bring what resource files describe to a platform')
    .description(
      'Bring the models, applications and deployment configurations that resource files describe to a platform. All files ' +
        'are checked before anything is sent. A model becomes a new version, whose build is shown until it ends; an ' +
        'application is created or changed in place, and waited for until it is ready.',
    )
    .addOption(
      new Option(
        '-f, --filename <path>',
        'a resource file, a folder of them, or - for standard input; may be repeated',
      )
        .argParser((path: string, before: readonly string[] | undefined) => [...(before ?? []), path])
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--timeout <seconds>', 'how long to wait until an application is ready')
        .default(TIMEOUT_S)
        .argParser(seconds(MAX_SECONDS, false)),
    )
    .addOption(
      new Option('-o, --output <format>', 'what to print: what happens, or a list of what was applied')
        .choices(['text', 'json'])
        .default('text'),
    )
  return withConnection(command)
    .addHelpText(
      'after',
      `${CONNECTION_TEXT}
The documents of a file are applied in their order; those of a folder by kind: deployment configurations, models,
applications. The first that fails ends the command, and what came before it stays.

Examples:
  millrace apply -f model.yaml
  millrace apply -f models -f application.yaml        a folder first, then a file
  cat application.yaml | millrace apply -f -
  millrace apply -f model.yaml --server http://build-machine:8080
  millrace apply -f model.yaml --output json | jq -r '.[0].modelVersion'`,
    )
    .action(async (flags: ApplyFlags) => {
      const { runApply } = await import('./apply/run-apply.ts')
      await runApply(flags)
    })
}
