import { ServingError } from '@millrace/sdk'
import type { ApplicationRecord, MetricSpecificationRecord, ServableRecord } from '../../store/index.ts'
import { allPages } from '../all-pages.ts'
import type { ManagerEvent } from '../events/manager-event.ts'
import type { ManagerMethod } from '../grpc-method.ts'
import type { ManagerParts } from '../manager-parts.ts'
import { applicationEntities, metricEntities, servableEntities } from './entities.ts'
import { createLatest } from './latest-events.ts'
import type { ManagerProtocol } from './manager-protocol.ts'

/** How one kind of thing is watched. */
interface Watched<T> {
  /** All that there is. */
  readonly list: () => Promise<readonly (readonly [key: string, value: T])[]>
  /** What an event says of it: `undefined` for a removal, `null` for nothing. */
  readonly changeOf: (event: ManagerEvent) => readonly [key: string, value: T | undefined] | null
  readonly encode: (removed: readonly string[], added: readonly T[]) => Promise<Uint8Array>
}

/** Of the first announcements, as clients know them. */
const BATCH = 10

/**
 * The discovery service, in one generation: all that there is, in batches of ten and at least one, then what changes, for as
 * long as the client keeps its own stream open. An application is announced when it is Ready; one that fails later is not
 * taken back.
 */
export function discoveryMethods(
  parts: Pick<ManagerParts, 'store' | 'events' | 'signal'>,
  protocol: ManagerProtocol,
): readonly (readonly [path: string, method: ManagerMethod])[] {
  const { store } = parts
  const { discoveryService, applicationKey } = protocol

  const watchApplications = () => {
    const keys = new Map<string, string>()
    const noted = (application: ApplicationRecord) => {
      keys.set(application.name, applicationKey(application))
      return [application.name, application] as const
    }
    return watch<ApplicationRecord>(parts, {
      async list() {
        const applications = await allPages(page => store.applications.list(page))
        return applications.filter(({ status }) => status === 'Ready').map(noted)
      },
      changeOf(event) {
        if (event.type === 'ApplicationRemove') return [event.name, undefined]
        return event.type === 'ApplicationUpdate' && event.application.status === 'Ready'
          ? noted(event.application)
          : null
      },
      async encode(names, applications) {
        const added = await applicationEntities(store, applications)
        const there = new Set(added.map(({ record }) => applicationKey(record)))
        const removed = names.flatMap(name => keys.get(name) ?? []).filter(key => !there.has(key))
        for (const name of names) keys.delete(name)
        return protocol.encodeApplications(removed, added)
      },
    })
  }
  const watchServables = () =>
    watch<ServableRecord>(parts, {
      list: async () =>
        (await allPages(page => store.servables.list(page))).map(servable => [servable.fullName, servable]),
      changeOf(event) {
        if (event.type === 'ServableRemove') return [event.fullName, undefined]
        return event.type === 'ServableUpdate' ? [event.servable.fullName, event.servable] : null
      },
      encode: async (removed, added) =>
        protocol.encodeServables(removed, await servableEntities(store, added)),
    })
  const watchMetrics = () =>
    watch<MetricSpecificationRecord>(parts, {
      list: async () => (await store.metricSpecifications.list()).map(metric => [metric.id, metric]),
      changeOf(event) {
        if (event.type === 'MetricSpecRemove') return [event.id, undefined]
        return event.type === 'MetricSpecUpdate' ? [event.specification.id, event.specification] : null
      },
      encode: async (removed, added) => protocol.encodeMetrics(removed, await metricEntities(store, added)),
    })
  return [
    [`${discoveryService}/WatchApplications`, stream(watchApplications)],
    [`${discoveryService}/WatchServables`, stream(watchServables)],
    [`${discoveryService}/WatchMetricSpec`, stream(watchMetrics)],
  ]
}

/** Each call watches by itself. */
function stream(createWatcher: () => Watcher): ManagerMethod {
  return { kind: 'stream', handle: (messages, call) => createWatcher()(messages, call.signal) }
}

type Watcher = (messages: AsyncIterable<Uint8Array>, signal: AbortSignal) => AsyncIterable<Uint8Array>

function watch<T>(
  { events, signal: closing }: Pick<ManagerParts, 'events' | 'signal'>,
  { list, changeOf, encode }: Watched<T>,
): Watcher {
  return async function* (messages, signal) {
    const left = new AbortController()
    void readToEnd(messages).finally(() => left.abort())
    const ended = AbortSignal.any([left.signal, signal, closing])
    const latest = createLatest<T | undefined>(ended)
    // Listening begins before the list is read, so that nothing falls between.
    const stop = events.onAny(event => {
      const change = changeOf(event)
      if (change !== null) latest.set(change[0], change[1])
    })
    try {
      const all = (await list()).map(([, value]) => value)
      for (let start = 0; start === 0 || start < all.length; start += BATCH) {
        yield await encode([], all.slice(start, start + BATCH))
      }
      for (;;) {
        const changes = await latest.take(BATCH)
        if (changes === undefined) break
        const removed = changes.flatMap(([key, value]) => (value === undefined ? [key] : []))
        yield await encode(
          removed,
          changes.flatMap(([, value]) => value ?? []),
        )
      }
      if (closing.aborted) throw new ServingError('UNAVAILABLE', 'the manager is closing')
    } finally {
      stop()
    }
  }
}

/** The client says by the end of its stream that it has seen enough; what it sends before means nothing. */
async function readToEnd(messages: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const message of messages) void message
  } catch {
    // Cut off is an end, too.
  }
}
