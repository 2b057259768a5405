import { Argument, Command } from 'commander'
import { CONNECTION_TEXT, type ConnectionFlags, withConnection } from './connection-flags.ts'
import { toKind } from './kinds.ts'

const DELETABLE = ['models', 'applications', 'servables', 'deployment-configurations'] as const

/** `millrace delete KIND NAME`. */
export function deleteCommand(): Command {
  const command = new Command('delete')
    .summary('take something off a platform')
    .description(
      'Take a model with all its versions, an application, a servable or a deployment configuration off a platform. ' +
        'The platform refuses what something else still uses, and says what that is.',
    )
    .addArgument(new Argument('<kind>', DELETABLE.join(', ')).argParser(toKind(DELETABLE)))
    .argument('<name>', 'which one')
  return withConnection(command)
    .addHelpText(
      'after',
      `${CONNECTION_TEXT}
Examples:
  millrace delete application scaler-app              its servables are stopped too
  millrace delete servable scaler-1-quiet-river
  millrace delete model scaler                        with all its versions`,
    )
    .action(async (kind: (typeof DELETABLE)[number], name: string, flags: ConnectionFlags) => {
      const [{ withManager }, { findModel }] = await Promise.all([
        import('./with-manager.ts'),
        import('./read-kind.ts'),
      ])
      await withManager(flags, async manager => {
        switch (kind) {
          case 'models':
            await manager.models.delete((await findModel(manager, name)).id)
            break
          case 'applications':
            await manager.applications.delete(name)
            break
          case 'servables':
            await manager.servables.delete(name)
            break
          case 'deployment-configurations':
            await manager.deploymentConfigurations.delete(name)
            break
        }
        process.stdout.write(`${kind.replaceAll('-', ' ').replace(/s$/, '')} ${name} deleted\n`)
      })
    })
}
