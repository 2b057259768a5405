import { join, resolve } from 'node:path'
import { ServingError } from '@millrace/sdk'
import type { RuntimeProtocol, ServableSpec } from './deploy-driver.ts'
import { REPLICA_HOST } from './replica-environment.ts'

/** What is started for a replica. */
export interface ReplicaCommand {
  readonly command: readonly string[]
  readonly workingFolder: string
  /** Undefined: what it answers tells. */
  readonly protocol: RuntimeProtocol | undefined
}

/** @throws ServingError UNIMPLEMENTED for a kind of runtime that is no process of this machine */
export function replicaCommand(
  { name, modelName, runtime, modelFolder }: ServableSpec,
  builtInCommand: readonly string[],
): ReplicaCommand {
  const files = join(modelFolder, 'files')
  if (runtime.kind === 'built-in') {
    return {
      command: [
        ...builtInCommand,
        'runtime',
        '--model-dir',
        modelFolder,
        '--host',
        REPLICA_HOST,
        '--name',
        modelName,
      ],
      workingFolder: files,
      protocol: 'G3',
    }
  }
  if (runtime.kind === 'program') {
    return {
      command: runtime.command,
      workingFolder: resolve(files, runtime.workingFolder ?? '.'),
      protocol: runtime.protocol,
    }
  }
  throw new ServingError(
    'UNIMPLEMENTED',
    `servable ${name} needs the image ${runtime.image}, and models run as processes of this machine here; register a ` +
      'runtime of that name with the parameter MILLRACE_COMMAND, the command that serves a model on APP_PORT, or give ' +
      'the model one of the built-in runtimes',
  )
}
