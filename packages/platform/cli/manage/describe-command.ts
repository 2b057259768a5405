import { Argument, Command } from 'commander'
import { CONNECTION_TEXT, type ConnectionFlags, withConnection } from './connection-flags.ts'
import { KINDS, type Kind, toKind } from './kinds.ts'

/** `millrace describe KIND NAME`. */
export function describeCommand(): Command {
  const command = new Command('describe')
    .summary('show everything about one thing of a platform')
    .description('Show everything that a platform knows about one model, version, application or the like.')
    .addArgument(new Argument('<kind>', KINDS.join(', ')).argParser(toKind(KINDS)))
    .argument('<name>', 'which one; of versions NAME:VERSION')
  return withConnection(command)
    .addHelpText(
      'after',
      `${CONNECTION_TEXT}
Programs read millrace get KIND NAME --output json instead.

Examples:
  millrace describe version scaler:1                  its contract, metadata, servables, metrics
  millrace describe application scaler-app            its stages, their weights and states`,
    )
    .action(async (kind: Kind, name: string, flags: ConnectionFlags) => {
      const [{ withManager }, { describeKind }, { describeText }] = await Promise.all([
        import('./with-manager.ts'),
        import('./describe-kind.ts'),
        import('./describe-text.ts'),
      ])
      await withManager(flags, async manager => {
        process.stdout.write(describeText(await describeKind(manager, kind, name)))
      })
    })
}
