import { isDeepStrictEqual } from 'node:util'
import { ServingError } from '@millrace/sdk'
import type { ApplicationView, ManagerClient, NewApplication } from '@millrace/sdk/client'
import type { ApplicationResource } from '../../../resources/index.ts'
import { CommandFailure } from '../../command-failure.ts'
import { EXIT } from '../../exit-codes.ts'
import { waitUntil } from '../wait-until.ts'
import type { Applying } from './apply-model.ts'
import { automaticMetadata } from './version-metadata.ts'

/**
 * Creates an application, or changes the one of its name in place, and waits until it is ready.
 *
 * Rejects with a `CommandFailure` for one that cannot start, else as the server refuses.
 */
export async function applyApplication(
  { manager, report, timeoutMs }: Applying,
  application: ApplicationResource,
): Promise<ApplicationView> {
  const { name } = application
  const wanted = await newApplication(manager, application)
  const existing = await found(manager.applications.get(name))
  if (existing === undefined) await manager.applications.create(wanted)
  else await manager.applications.update(existing.id, wanted)
  report.note(`application ${name}: ${existing === undefined ? 'starting' : 'changing'}`)
  let told: string | undefined
  const view = await waitUntil(manager, {
    what: `application ${name}`,
    read: () => manager.applications.get(name),
    isDone: view => view.status === 'Failed' || (view.status === 'Ready' && isOf(view, wanted)),
    isAbout: event => event.type === 'ApplicationUpdate' && event.data.name === name,
    onChange({ message }) {
      if (message !== undefined && message !== told) report.note(`  ${message}`)
      told = message
    },
    timeoutMs,
  })
  if (view.status === 'Failed') throw failure(view)
  report.done(`application ${name} ready`)
  return view
}

async function newApplication(
  manager: ManagerClient,
  { name, namespace, metadata, stages, streaming, source }: ApplicationResource,
): Promise<NewApplication> {
  const ids = new Map<string, number>()
  for (const { model } of stages.flat()) {
    const key = `${model.modelName}:${model.version}`
    if (ids.has(key)) continue
    const version = await found(manager.versions.get(model.modelName, model.version))
    if (version === undefined) {
      throw new CommandFailure(
        `application ${name} is made of ${key}, which the server does not have; millrace get versions ${model.modelName} shows those it has`,
        EXIT.request,
      )
    }
    ids.set(key, version.id)
  }
  return {
    name,
    namespace,
    metadata: { ...(await automaticMetadata(source.folder)), ...metadata },
    kafkaStreaming: streaming,
    executionGraph: {
      stages: stages.map(variants => ({
        modelVariants: variants.map(({ model, weight, deploymentConfiguration }) => ({
          modelVersionId: ids.get(`${model.modelName}:${model.version}`)!,
          weight,
          ...(deploymentConfiguration === undefined ? {} : { deploymentConfigName: deploymentConfiguration }),
        })),
      })),
    },
  }
}

/** Whether it is what was asked for already, and not yet what it was before. */
function isOf({ executionGraph }: ApplicationView, wanted: NewApplication): boolean {
  return isDeepStrictEqual(shares(executionGraph.stages), shares(wanted.executionGraph.stages))
}

interface Stage {
  readonly modelVariants: readonly { readonly modelVersionId: number; readonly weight: number }[]
}

function shares(stages: readonly Stage[]) {
  return stages.map(({ modelVariants }) =>
    modelVariants.map(({ modelVersionId, weight }) => [modelVersionId, weight]),
  )
}

function failure({ name, message, executionGraph }: ApplicationView): CommandFailure {
  const servables = executionGraph.stages
    .flatMap(({ modelVariants }) => modelVariants)
    .flatMap(({ servableName }) => servableName ?? [])
  const next = servables.length === 0 ? '' : `; millrace logs NAME shows more, of ${servables.join(', ')}`
  return new CommandFailure(
    `application ${name} has failed: ${message ?? 'the server says no more'}${next}`,
    EXIT.failed,
  )
}

async function found<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if (ServingError.is(error) && error.code === 'NOT_FOUND') return undefined
    throw error
  }
}
