import { Argument, Command, Option } from 'commander'
import { seconds } from '../flag-values.ts'
import { CONNECTION_TEXT, type ConnectionFlags, withConnection } from './connection-flags.ts'

export interface ProfileFlags extends ConnectionFlags {
  readonly modelVersion?: string
  readonly filename?: string
  readonly s3path?: string
  readonly async?: boolean
  /** Seconds. */
  readonly timeout: number
}

const ACTIONS = ['push', 'status'] as const
const TIMEOUT_S = 600
const MAX_SECONDS = 86_400

/** `millrace profile ACTION [NAME:VERSION]`. */
export function profileCommand(): Command {
  const command = new Command('profile')
    .summary('hand over what a model was trained with, so that its data can be profiled')
    .description(
      'Hand over what a model was trained with, as CSV whose first line names the columns, so that the platform can profile ' +
        'its fields and hold requests against them. push sends it, and waits until it is processed; status tells how that went.',
    )
    .addArgument(new Argument('<action>', 'what to do').choices(ACTIONS))
    .argument('[name:version]', 'the version of the model, in place of --model-version')
    .option('--model-version <name:version>', 'the version of the model')
    .option('--filename <file>', 'push: the training data')
    .option('--s3path <uri>', 'push: where the platform finds it: s3://BUCKET/KEY')
    .option('--async', 'push: do not wait until it is processed')
    .addOption(
      new Option('--timeout <seconds>', 'push: how long to wait until it is processed')
        .default(TIMEOUT_S)
        .argParser(seconds(MAX_SECONDS, false)),
    )
  return withConnection(command)
    .addHelpText(
      'after',
      `${CONNECTION_TEXT}
Examples:
  millrace profile push --model-version scaler:1 --filename train.csv
  millrace profile push --model-version scaler:1 --s3path s3://bucket/train.csv --async
  millrace profile status scaler:1`,
    )
    .action(async (action: (typeof ACTIONS)[number], version: string | undefined, flags: ProfileFlags) => {
      const { runProfile } = await import('./run-profile.ts')
      await runProfile(action, version, flags)
    })
}
