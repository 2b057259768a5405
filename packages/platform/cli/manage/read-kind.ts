import { ServingError } from '@millrace/sdk'
import type { ManagerClient, ModelVersionView, ModelView } from '@millrace/sdk/client'
import type { Kind } from './kinds.ts'
import { textTable } from './text-table.ts'
import { toVersionName } from './version-name.ts'

/** What the server has of a kind. */
export interface Listing {
  /** As the server tells it. */
  readonly items: readonly object[]
  readonly headings: readonly string[]
  /** A row for each item. */
  readonly rows: readonly (readonly string[])[]
}

/**
 * Reads all of a kind, or the one of that name; versions also by the name of their model.
 *
 * Rejects NOT_FOUND for a name that is not there.
 */
export function readKind(manager: ManagerClient, kind: Kind, name: string | undefined): Promise<Listing> {
  return READERS[kind](manager, name)
}

export function listingText({ headings, rows }: Listing): string {
  return textTable(headings, rows)
}

/** Model versions by id, as people name them. */
export function versionNames(versions: readonly ModelVersionView[]): (id: number) => string {
  const names = new Map(versions.map(({ id, model, modelVersion }) => [id, `${model.name}:${modelVersion}`]))
  return id => names.get(id) ?? `version ${id}`
}

/** Rejects NOT_FOUND. */
export async function findModel(manager: ManagerClient, name: string): Promise<ModelView> {
  const model = (await manager.models.list()).find(one => one.name === name)
  if (model !== undefined) return model
  throw new ServingError('NOT_FOUND', `there is no model ${name}; millrace get models shows those there are`)
}

type Reader = (manager: ManagerClient, name: string | undefined) => Promise<Listing>

const READERS: Readonly<Record<Kind, Reader>> = {
  async models(manager, name) {
    const [models, versions] = await Promise.all([
      name === undefined ? manager.models.list() : findModel(manager, name).then(model => [model]),
      manager.versions.list(),
    ])
    return {
      items: models,
      headings: ['NAME', 'ID', 'VERSIONS', 'LATEST', 'STATUS'],
      rows: models.map(({ id, name }) => {
        const own = versions.filter(({ model }) => model.id === id)
        const latest = own.reduce<ModelVersionView | undefined>(
          (best, version) => (version.modelVersion > (best?.modelVersion ?? 0) ? version : best),
          undefined,
        )
        return [name, String(id), String(own.length), ...latestCells(latest)]
      }),
    }
  },

  async versions(manager, name) {
    const items = await versionsOf(manager, name)
    return {
      items,
      headings: ['NAME', 'ID', 'STATUS', 'RUNTIME', 'CREATED', 'APPLICATIONS'],
      rows: items.map(version => [
        `${version.model.name}:${version.modelVersion}`,
        String(version.id),
        version.isExternal === true ? 'External' : (version.status ?? '-'),
        version.runtime === undefined ? '-' : `${version.runtime.name}:${version.runtime.tag}`,
        shortTime(version.created),
        listed(version.applications ?? []),
      ]),
    }
  },

  async applications(manager, name) {
    const [items, versions] = await Promise.all([
      name === undefined ? manager.applications.list() : manager.applications.get(name).then(one => [one]),
      manager.versions.list(),
    ])
    const nameOf = versionNames(versions)
    return {
      items,
      headings: ['NAME', 'STATUS', 'STAGES', 'MESSAGE'],
      rows: items.map(({ name, status, executionGraph, message }) => [
        name,
        status,
        executionGraph.stages
          .map(({ modelVariants }) =>
            modelVariants
              .map(({ modelVersionId, weight }) =>
                modelVariants.length === 1 ? nameOf(modelVersionId) : `${nameOf(modelVersionId)} ${weight} %`,
              )
              .join(' + '),
          )
          .join(' -> '),
        message ?? '',
      ]),
    }
  },

  async servables(manager, name) {
    const [items, versions] = await Promise.all([
      name === undefined ? manager.servables.list() : manager.servables.get(name).then(one => [one]),
      manager.versions.list(),
    ])
    const nameOf = versionNames(versions)
    return {
      items,
      headings: ['NAME', 'STATUS', 'VERSION', 'CONFIGURATION', 'MESSAGE'],
      rows: items.map(servable => [
        servable.fullName,
        servable.status,
        nameOf(servable.modelVersionId),
        servable.deploymentConfigurationName ?? '-',
        servable.statusMessage ?? '',
      ]),
    }
  },

  async 'deployment-configurations'(manager, name) {
    const items =
      name === undefined
        ? await manager.deploymentConfigurations.list()
        : [await manager.deploymentConfigurations.get(name)]
    return {
      items,
      headings: ['NAME', 'REPLICAS', 'SCALING', 'CONTAINER', 'POD'],
      rows: items.map(({ name, deployment, hpa, container, pod }) => [
        name,
        ...[deployment, hpa, container, pod].map(part => (part === undefined ? '-' : JSON.stringify(part))),
      ]),
    }
  },

  async runtimes(manager, name) {
    const all = await manager.runtimes.list()
    const items = all.filter(
      runtime => name === undefined || [runtime.name, `${runtime.name}:${runtime.version}`].includes(name),
    )
    if (name !== undefined && items.length === 0) {
      throw new ServingError(
        'NOT_FOUND',
        `there is no runtime ${name}; millrace get runtimes shows those there are`,
      )
    }
    return {
      items,
      headings: ['NAME', 'ID', 'MODEL TYPES', 'TAGS'],
      rows: items.map(({ id, name, version, suitableModelType, tags }) => [
        `${name}:${version}`,
        String(id),
        listed(suitableModelType ?? []),
        listed(tags ?? []),
      ]),
    }
  },
}

async function versionsOf(
  manager: ManagerClient,
  name: string | undefined,
): Promise<readonly ModelVersionView[]> {
  if (name?.includes(':') === true) {
    const { modelName, version } = toVersionName(name)
    return [await manager.versions.get(modelName, version)]
  }
  const all = await manager.versions.list()
  if (name === undefined) return all
  const own = all.filter(({ model }) => model.name === name)
  // A model without versions has none to show; one that is not there is a mistake.
  if (own.length === 0) await findModel(manager, name)
  return own
}

function latestCells(latest: ModelVersionView | undefined): readonly string[] {
  if (latest === undefined) return ['-', '-']
  return [String(latest.modelVersion), latest.isExternal === true ? 'External' : (latest.status ?? '-')]
}

function listed(words: readonly string[]): string {
  return words.length === 0 ? '-' : words.join(', ')
}

/** `2021-11-12T10:15:30.123456Z` without what nobody reads. */
function shortTime(text: string): string {
  return text.replace(/\.\d+Z$/, 'Z')
}
