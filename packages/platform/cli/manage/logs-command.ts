import { once } from 'node:events'
import { Command } from 'commander'
import { CommandFailure } from '../command-failure.ts'
import { EXIT } from '../exit-codes.ts'
import { CONNECTION_TEXT, type ConnectionFlags, withConnection } from './connection-flags.ts'

interface LogsFlags extends ConnectionFlags {
  readonly follow?: boolean
  readonly build?: string
}

/** `millrace logs NAME`. */
export function logsCommand(): Command {
  const command = new Command('logs')
    .summary('show what a servable, or the build of a version, has written')
    .description('Show what a servable has written, or the log of the build of a model version.')
    .argument('[name]', 'the servable; millrace get servables lists them')
    .option('-f, --follow', 'go on with what it writes from now on, until it ends or you press Ctrl-C')
    .option(
      '--build <name:version>',
      'the build of this version instead; one that goes on is followed to its end',
    )
  return withConnection(command)
    .addHelpText(
      'after',
      `${CONNECTION_TEXT}
Examples:
  millrace logs scaler-1-quiet-river
  millrace logs scaler-1-quiet-river -f
  millrace logs --build scaler:1`,
    )
    .action(async (name: string | undefined, flags: LogsFlags) => {
      const { follow: isFollowed, build } = flags
      if ((name === undefined) === (build === undefined)) {
        throw new CommandFailure('name a servable, or with --build a version of a model', EXIT.usage)
      }
      const [{ withManager }, { toVersionName }] = await Promise.all([
        import('./with-manager.ts'),
        import('./version-name.ts'),
      ])
      await withManager(flags, async manager => {
        if (build !== undefined) {
          const { modelName, version } = toVersionName(build)
          const { id } = await manager.versions.get(modelName, version)
          for await (const { text } of manager.versions.buildLog(id)) {
            if (!(await print(text))) break
          }
        } else {
          for await (const line of manager.servables.logs(name!, { isFollowed })) {
            if (!(await print(line))) break
          }
        }
      })
    })
}

/** Waits for a reader that is slower than the server; false once it has left. */
async function print(line: string): Promise<boolean> {
  const { stdout } = process
  if (!stdout.write(`${line}\n`) && !stdout.destroyed) {
    await Promise.race([once(stdout, 'drain'), once(stdout, 'close')])
  }
  return !stdout.destroyed
}
