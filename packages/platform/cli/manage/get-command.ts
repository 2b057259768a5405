import { Argument, Command, Option } from 'commander'
import { CONNECTION_TEXT, type ConnectionFlags, withConnection } from './connection-flags.ts'
import { KINDS, type Kind, toKind } from './kinds.ts'

interface GetFlags extends ConnectionFlags {
  readonly output: 'table' | 'json'
}

/** `millrace get KIND [NAME]`. */
export function getCommand(): Command {
  const command = new Command('get')
    .summary('list what a platform has')
    .description('List what a platform has of a kind, or show the one of a name.')
    .addArgument(new Argument('<kind>', KINDS.join(', ')).argParser(toKind(KINDS)))
    .argument('[name]', 'which one; of versions NAME:VERSION, or the name of a model for all of its versions')
    .addOption(
      new Option('-o, --output <format>', 'how to print them').choices(['table', 'json']).default('table'),
    )
  return withConnection(command)
    .addHelpText(
      'after',
      `${CONNECTION_TEXT}
Examples:
  millrace get models
  millrace get versions scaler                        all versions of a model
  millrace get applications --output json
  millrace get servables --cluster production`,
    )
    .action(async (kind: Kind, name: string | undefined, flags: GetFlags) => {
      const [{ withManager }, { listingText, readKind }] = await Promise.all([
        import('./with-manager.ts'),
        import('./read-kind.ts'),
      ])
      await withManager(flags, async manager => {
        const listing = await readKind(manager, kind, name)
        const { items } = listing
        // One that was asked for by its name is no list.
        const isOne = name !== undefined && (kind !== 'versions' || name.includes(':')) && items.length === 1
        if (flags.output === 'json') {
          process.stdout.write(`${JSON.stringify(isOne ? items[0] : items, undefined, 2)}\n`)
        } else if (items.length === 0) process.stderr.write(`no ${kind.replaceAll('-', ' ')}\n`)
        else process.stdout.write(listingText(listing))
      })
    })
}
