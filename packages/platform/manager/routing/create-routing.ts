import type { ApplicationRecord, ApplicationStage, ModelSignature } from '../../store/index.ts'
import type {
  ManagerDiscovery,
  PublishedApplication,
  PublishedServable,
  PublishedTable,
} from '../discovery.ts'
import type { ServableRuns } from '../servables/servable-runs.ts'

/** Keeps the routing table, from what the manager has committed and what the driver says. */
export interface Routing extends ManagerDiscovery {
  /**
   * Routes to an application's stages from when it is `Ready` until its next ones are. One that fails later keeps its
   * routes, so that the variants that still serve answer; one that was being updated when the manager stopped gets its
   * earlier stages.
   */
  setApplication(application: ApplicationRecord): void
  removeApplication(id: number): void
  /** Whether an application's own stages are routed, and not only those before an update. */
  isRouted(id: number): boolean
}

interface KeptApplication {
  readonly id: number
  readonly name: string
  readonly signature: ModelSignature
  readonly stages: readonly ApplicationStage[]
  /** Of the stages: such an application waits for all of its servables, having been ready in an earlier life. */
  isWaiting: boolean
  /** Of the record: the stages are its own. */
  readonly isCurrent: boolean
}

export function createRouting(runs: ServableRuns): Routing {
  const kept = new Map<number, KeptApplication>()
  const idsByServable = new Map<string, Set<number>>()
  const listeners = new Set<() => void>()
  let table: PublishedTable = { applications: new Map(), servables: new Map() }

  const publish = (next: Partial<PublishedTable>) => {
    table = { ...table, ...next }
    for (const listener of listeners) listener()
  }
  const namesOf = ({ stages }: KeptApplication) =>
    stages.flatMap(stage => stage.modelVariants.flatMap(({ servableName }) => servableName ?? []))
  const forget = (application: KeptApplication) => {
    for (const name of namesOf(application)) {
      const ids = idsByServable.get(name)
      ids?.delete(application.id)
      if (ids?.size === 0) idsByServable.delete(name)
    }
  }
  /** Puts an application into a table that is being made, or out of it. */
  const place = (
    application: KeptApplication,
    servables: PublishedTable['servables'],
    applications: Map<string, PublishedApplication>,
  ) => {
    const stages = application.stages.map(stage => ({
      variants: stage.modelVariants.flatMap(({ servableName, weight }) => {
        const servable = servableName === undefined ? undefined : routedServable(runs, servableName)
        return servable === undefined ? [] : [{ servable, weight }]
      }),
    }))
    if (application.isWaiting) {
      if (!namesOf(application).every(name => servables.has(name))) return
      application.isWaiting = false
    }
    const { id, name, signature } = application
    if (stages.every(({ variants }) => variants.length > 0))
      applications.set(name, { id, name, signature, stages })
    else applications.delete(name)
  }

  runs.onChange(fullName => {
    const servables = new Map(table.servables)
    const servable = routedServable(runs, fullName)
    if (servable === undefined || (servable.endpoints.length === 0 && !servable.isAsleep))
      servables.delete(fullName)
    else servables.set(fullName, servable)
    const ids = idsByServable.get(fullName)
    if (ids === undefined) {
      publish({ servables })
      return
    }
    const applications = new Map(table.applications)
    for (const id of ids) place(kept.get(id)!, servables, applications)
    publish({ servables, applications })
  })

  const remove = (id: number, applications: Map<string, PublishedApplication>) => {
    const before = kept.get(id)
    if (before === undefined) return
    forget(before)
    kept.delete(id)
    if (applications.get(before.name)?.id === id) applications.delete(before.name)
  }

  return {
    get table() {
      return table
    },
    onChange(listener) {
      const call = () => listener()
      listeners.add(call)
      return () => void listeners.delete(call)
    },
    setApplication(record) {
      const next = keep(record, kept.get(record.id))
      const applications = new Map(table.applications)
      remove(record.id, applications)
      if (next !== undefined) {
        kept.set(next.id, next)
        for (const name of namesOf(next)) {
          const ids = idsByServable.get(name) ?? new Set()
          idsByServable.set(name, ids.add(next.id))
        }
        place(next, table.servables, applications)
      }
      publish({ applications })
    },
    removeApplication(id) {
      const applications = new Map(table.applications)
      remove(id, applications)
      publish({ applications })
    },
    isRouted(id) {
      const application = kept.get(id)
      return application !== undefined && application.isCurrent && !application.isWaiting
    },
  }
}

/** What is to be routed now. */
function keep(record: ApplicationRecord, before: KeptApplication | undefined): KeptApplication | undefined {
  const { id, name, signature, graph, status } = record
  if (status === 'Ready') {
    return { id, name, signature, stages: graph.stages, isWaiting: false, isCurrent: true }
  }
  // While there is no other definition, the stages are the ones that were ready.
  if (before !== undefined) return { ...before, name, isCurrent: graph.previous === undefined }
  if (graph.previous === undefined) return undefined
  return { id, name, ...graph.previous, isWaiting: true, isCurrent: false }
}

function routedServable(runs: ServableRuns, fullName: string): PublishedServable | undefined {
  const run = runs.find(fullName)
  if (run === undefined) return undefined
  const { version } = run.order
  return {
    name: fullName,
    modelName: version.modelName,
    modelVersion: version.version,
    modelVersionId: version.id,
    signature: version.signature,
    endpoints: run.replicas.map(({ id, address, protocol }) => ({ id, address, protocol })),
    isAsleep: run.isAsleep,
  }
}
