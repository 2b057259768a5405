import { stat } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { type Logger, ServingError } from '@millrace/sdk'
import type { RuntimeRecord, Store } from '../../store/index.ts'
import { findProgram } from './find-program.ts'
import { readProgramRuntime } from './program-runtime.ts'
import { isBuiltIn } from './runtime-catalogue.ts'
import type { RuntimeRegistrations } from './runtime-registrations.ts'

export interface RegistrationsOptions {
  readonly store: Store
  readonly log: Logger
  /** Whether container images can be run, too. */
  readonly runsImages: boolean
}

/** Those that an earlier life has left unfinished are `Failed`, and may be registered again. */
export async function createRegistrations({
  store,
  log,
  runsImages,
}: RegistrationsOptions): Promise<RuntimeRegistrations> {
  await store.runtimes.failInterrupted('the manager was stopped meanwhile; register it again')
  const underWay = new Set<Promise<void>>()

  /** What fetching an image is elsewhere: looking whether what is to be run is there. */
  const makeReady = async (runtime: RuntimeRecord) => {
    await store.runtimes.setStatus(runtime.id, 'Running')
    const failure = await whyNotReady(runtime, runsImages)
    if (failure === undefined) await store.runtimes.setStatus(runtime.id, 'Finished')
    else await store.runtimes.setStatus(runtime.id, 'Failed', failure)
  }

  return {
    async register(runtime) {
      // Wrong parameters are refused at once, not found out later.
      readProgramRuntime(`${runtime.name}:${runtime.version}`, runtime.configParams)
      const record = await store.runtimes.register(runtime)
      const work = makeReady(record)
        .catch((error: unknown) => log.error('a runtime could not be registered', { id: record.id, error }))
        .finally(() => underWay.delete(work))
      underWay.add(work)
      return record
    },
    async close() {
      await Promise.all(underWay)
    },
  }
}

async function whyNotReady(
  { name, version, configParams }: RuntimeRecord,
  runsImages: boolean,
): Promise<string | undefined> {
  const image = `${name}:${version}`
  const { choice } = readProgramRuntime(image, configParams)
  if (isBuiltIn(name)) return undefined
  if (choice.kind !== 'program') return runsImages ? undefined : imageRefusal(image)
  const { command, workingFolder } = choice
  try {
    if (workingFolder !== undefined) await checkFolder(workingFolder)
    // A relative path without a folder is one of each model's own files, which are not here yet.
    const [program] = command
    if (program.includes('/') && !isAbsolute(program) && workingFolder === undefined) return undefined
    await findProgram(program, { folder: workingFolder ?? '/', path: process.env['PATH'] ?? '' })
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** What is to be done about an image where there is no container engine. */
export function imageRefusal(image: string): string {
  return (
    `runtime ${image} is a container image, which cannot be run here. Use a built-in runtime ` +
    '(hydrosphere/serving-runtime-python-3.7 and the like, or millrace/runtime), or register a program of this machine ' +
    `under its name: POST /api/v1/runtime with configParams {"MILLRACE_COMMAND": "python3 /path/to/main.py"}`
  )
}

async function checkFolder(folder: string): Promise<void> {
  const isFolder = isAbsolute(folder) && (await stat(folder).catch(() => undefined))?.isDirectory() === true
  if (isFolder) return
  throw new ServingError(
    'NOT_FOUND',
    `configParams.MILLRACE_WORKDIR '${folder}' is not the absolute path of a folder`,
  )
}
