import { type Logger, ServingError } from '@millrace/sdk'
import type { ModelVersionRecord, Store } from '../../store/index.ts'
import { allPages } from '../all-pages.ts'
import type { EventBus } from '../events/event-bus.ts'
import type { Builds } from './builds.ts'
import { type BuildTools, runBuild } from './run-build.ts'

export interface BuildsOptions extends BuildTools {
  readonly events: EventBus
  readonly log: Logger
}

const INTERRUPTED = 'the build was interrupted by a stop of the manager; upload the model again'
const RETRY_AFTER_MS = 10_000

interface Job {
  readonly version: ModelVersionRecord
  readonly stop: AbortController
}

/** Versions that an earlier life was building become `Failed`, and what it has left of them is removed. */
export async function createBuilds(options: BuildsOptions): Promise<Builds> {
  const { store, folders, log, events } = options
  await failInterrupted(store)
  await folders.keepOnly(await releasedIds(store))
  const waiting: Job[] = []
  const running = new Map<Job, Promise<void>>()
  let isClosed = false

  const build = async ({ version, stop }: Job) => {
    const { id } = version
    try {
      stop.signal.throwIfAborted()
      await runBuild(version, options, stop.signal)
      await store.transaction(async tables => {
        const image = { name: version.modelName, tag: String(version.version), sha256: undefined }
        await tables.buildLogs.append(id, [`Released ${version.modelName}:${version.version}`])
        await tables.buildLogs.complete(id)
        await tables.modelVersions.release(id, image)
      })
    } catch (error) {
      const message = ServingError.is(error) ? error.message : `the build failed: ${String(error)}`
      if (!ServingError.is(error)) log.error('a build failed', { version: id, error })
      // First the files, so that nobody who sees it failed finds them.
      await folders.remove(id)
      if ((await store.modelVersions.get(id)) !== undefined) await failVersion(store, id, message)
    }
  }
  const next = () => {
    while (running.size < options.options.concurrency) {
      const job = waiting.shift()
      if (job === undefined) return
      const work = build(job)
        .catch((error: unknown) =>
          log.error('the end of a build could not be noted', { version: job.version.id, error }),
        )
        .finally(() => {
          running.delete(job)
          next()
        })
      running.set(job, work)
    }
  }

  const stopListening = events.on('ModelRemove', ({ versionId }) => {
    const job = [...running.keys(), ...waiting].find(({ version }) => version.id === versionId)
    if (job !== undefined) job.stop.abort(new ServingError('CANCELLED', 'the model was deleted'))
    else {
      void folders
        .remove(versionId)
        .catch((error: unknown) => log.warn('files of a deleted version stay', { version: versionId, error }))
    }
  })

  return {
    checkRoom() {
      if (isClosed) throw new ServingError('UNAVAILABLE', 'the manager is stopping')
      if (waiting.length < options.options.queueMax) return
      throw new ServingError(
        'RESOURCE_EXHAUSTED',
        `${waiting.length} builds are waiting, which is the limit; try again later`,
        { retryAfterMs: RETRY_AFTER_MS },
      )
    },
    add(version) {
      const job = { version, stop: new AbortController() }
      if (isClosed) job.stop.abort(new ServingError('CANCELLED', INTERRUPTED))
      waiting.push(job)
      next()
    },
    async close() {
      isClosed = true
      stopListening()
      for (const { stop } of [...running.keys(), ...waiting]) {
        stop.abort(new ServingError('CANCELLED', INTERRUPTED))
      }
      while (running.size > 0) await Promise.all(running.values())
    },
  }
}

async function failVersion(store: Store, id: number, message: string): Promise<void> {
  await store.transaction(async tables => {
    await tables.buildLogs.append(id, [`Failed: ${message}`])
    await tables.buildLogs.complete(id)
    await tables.modelVersions.fail(id, message)
  })
}

async function failInterrupted(store: Store): Promise<void> {
  for (;;) {
    const page = await store.modelVersions.list({ status: 'Assembling' })
    if (page.length === 0) return
    for (const { id } of page) await failVersion(store, id, INTERRUPTED)
  }
}

async function releasedIds(store: Store): Promise<ReadonlySet<number>> {
  const versions = await allPages(page => store.modelVersions.list({ ...page, status: 'Released' }))
  return new Set(versions.filter(({ isExternal }) => !isExternal).map(({ id }) => id))
}
