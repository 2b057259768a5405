import type { QueryClient, QueryKey } from '@tanstack/react-query'
import type { ApplicationJson } from './application-json.ts'
import type { ConfigurationJson } from './configuration-json.ts'
import type { MetricJson } from './metric-json.ts'
import type { VersionJson, VersionUpdateJson } from './model-json.ts'
import { KEYS } from './queries.ts'
import type { ServableJson } from './servable-json.ts'

export const EVENT_TYPES = [
  'ModelUpdate',
  'ModelRemove',
  'ApplicationUpdate',
  'ApplicationRemove',
  'ServableUpdate',
  'ServableRemove',
  'MetricSpecUpdate',
  'MetricSpecRemove',
  'DeploymentConfigurationUpdate',
  'DeploymentConfigurationRemove',
] as const

export type EventType = (typeof EVENT_TYPES)[number]

/** Marks answers as out of date. */
export type Invalidate = (key: QueryKey) => void

/**
 * Brings what is kept up to date with one event of the manager. Lists that nobody has asked for stay unasked; what the
 * event does not tell is asked for again.
 */
export function applyEvent(client: QueryClient, type: EventType, data: string, invalidate: Invalidate): void {
  switch (type) {
    case 'ModelUpdate':
      updateVersion(client, JSON.parse(data) as VersionUpdateJson, invalidate)
      break
    case 'ModelRemove':
      remove<VersionJson>(client, KEYS.versions, ({ id }) => String(id) === data)
      invalidate(KEYS.models)
      break
    case 'ApplicationUpdate':
      put(client, KEYS.applications, JSON.parse(data) as ApplicationJson, ({ name }) => name)
      // Versions name the applications that use them.
      invalidate(KEYS.versions)
      break
    case 'ApplicationRemove':
      remove<ApplicationJson>(client, KEYS.applications, ({ name }) => name === data)
      invalidate(KEYS.versions)
      break
    case 'ServableUpdate':
      put(client, KEYS.servables, JSON.parse(data) as ServableJson, ({ fullName }) => fullName)
      break
    case 'ServableRemove':
      remove<ServableJson>(client, KEYS.servables, ({ fullName }) => fullName === data)
      break
    case 'MetricSpecUpdate':
      put(client, KEYS.metrics, JSON.parse(data) as MetricJson, ({ id }) => id)
      break
    case 'MetricSpecRemove':
      remove<MetricJson>(client, KEYS.metrics, ({ id }) => id === data)
      break
    case 'DeploymentConfigurationUpdate':
      put(client, KEYS.configurations, JSON.parse(data) as ConfigurationJson, ({ name }) => name)
      break
    case 'DeploymentConfigurationRemove':
      remove<ConfigurationJson>(client, KEYS.configurations, ({ name }) => name === data)
      break
  }
}

function updateVersion(client: QueryClient, update: VersionUpdateJson, invalidate: Invalidate): void {
  const known = client.getQueryData<readonly VersionJson[]>(KEYS.versions)
  if (known?.some(({ id }) => id === update.id) === true) {
    client.setQueryData<readonly VersionJson[]>(KEYS.versions, versions =>
      versions?.map(version => (version.id === update.id ? { ...version, ...update } : version)),
    )
    return
  }
  invalidate(KEYS.versions)
  invalidate(KEYS.models)
}

function put<T>(client: QueryClient, key: QueryKey, item: T, nameOf: (item: T) => string): void {
  client.setQueryData<readonly T[]>(key, items => {
    if (items === undefined) return undefined
    const name = nameOf(item)
    return items.some(other => nameOf(other) === name)
      ? items.map(other => (nameOf(other) === name ? item : other))
      : [...items, item]
  })
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows what is kept under the key
function remove<T>(client: QueryClient, key: QueryKey, isGone: (item: T) => boolean): void {
  client.setQueryData<readonly T[]>(key, items => items?.filter(item => !isGone(item)))
}
