import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { CommandFailure } from '../command-failure.ts'
import { EXIT } from '../exit-codes.ts'
import type { ProfileFlags } from './profile-command.ts'
import { toVersionName } from './version-name.ts'
import { statusText, waitForProfiles } from './wait-for-profiles.ts'
import { withManager } from './with-manager.ts'

/** Rejects with a `CommandFailure`, also when processing has failed. */
export async function runProfile(
  action: 'push' | 'status',
  argument: string | undefined,
  flags: ProfileFlags,
): Promise<void> {
  const name = namedVersion(action, argument, flags)
  const { modelName, version } = toVersionName(name)
  const { filename, s3path, async: isLeftAlone = false, timeout } = flags
  if (action === 'push') await checkSource(filename, s3path)
  else if (filename !== undefined || s3path !== undefined || isLeftAlone) {
    throw usage('--filename, --s3path and --async are for millrace profile push')
  }
  await withManager(flags, async manager => {
    const { id } = await manager.versions.get(modelName, version)
    if (action === 'status') {
      const status = await manager.versions.trainingDataStatus(id)
      const text = statusText(name, status)
      if (status.kind === 'Failure') throw new CommandFailure(text, EXIT.failed)
      print(text)
      return
    }
    if (s3path !== undefined) await manager.versions.nameTrainingData(id, s3path)
    else await manager.versions.uploadTrainingData(id, createReadStream(filename!))
    print(`training data of ${name} handed over`)
    if (!isLeftAlone) print(await waitForProfiles(manager, id, name, timeout * 1000))
  })
}

function namedVersion(action: string, argument: string | undefined, { modelVersion }: ProfileFlags): string {
  if ((argument === undefined) === (modelVersion === undefined)) {
    throw usage(
      `name the version of the model, once: millrace profile ${action} --model-version NAME:VERSION`,
    )
  }
  return (argument ?? modelVersion)!
}

async function checkSource(filename: string | undefined, s3path: string | undefined): Promise<void> {
  if ((filename === undefined) === (s3path === undefined)) {
    throw usage('say where the training data is: either --filename FILE or --s3path s3://BUCKET/KEY')
  }
  if (s3path !== undefined) {
    if (/^s3:\/\/[^/]+\/.*[^/]$/.test(s3path)) return
    throw usage(`--s3path '${s3path}' is no file in S3; expected s3://BUCKET/KEY`)
  }
  const stats = await stat(filename!).catch(() => undefined)
  if (stats?.isFile() !== true) {
    throw new CommandFailure(`--filename '${filename}': there is no such file`, EXIT.configuration)
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

function usage(message: string): CommandFailure {
  return new CommandFailure(message, EXIT.usage)
}
