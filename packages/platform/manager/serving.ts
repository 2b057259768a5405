import { type ApplicationRegistry, createApplicationRegistry } from './applications/application-registry.ts'
import { createSettlement } from './applications/settle-application.ts'
import type { ManagerDiscovery } from './discovery.ts'
import { createInTurn } from './in-turn.ts'
import type { ManagerParts } from './manager-parts.ts'
import { createMetricRegistry, type MetricRegistry } from './metric-specifications/metric-registry.ts'
import { toDeployableModel } from './models/deployable-model.ts'
import { reconcile } from './reconcile.ts'
import { createRouting } from './routing/create-routing.ts'
import { followStates } from './servables/follow-states.ts'
import { createRetirement } from './servables/retire-servables.ts'
import { createNamePicker, type PickName } from './servables/servable-names.ts'
import { createServableRegistry, type ServableRegistry } from './servables/servable-registry.ts'
import { createServableRuns, type ServableRunsOptions } from './servables/servable-runs.ts'
import type { Graces, ServingParts } from './serving-parts.ts'

/** What is to run, and does: servables, applications and metrics. */
export interface Serving {
  readonly servables: ServableRegistry
  readonly applications: ApplicationRegistry
  readonly metrics: MetricRegistry
  readonly discovery: ManagerDiscovery
  /** Leaves to the driver what runs. To be called when the parts' signal is aborted. Idempotent. */
  close(): Promise<void>
}

export interface ServingOptions {
  /** Default: words chosen at random. */
  readonly pickName?: PickName | undefined
  readonly graces?: Graces | undefined
  /** Default: the folders and runtimes of the parts. */
  readonly prepare?: ServableRunsOptions['prepare'] | undefined
}

/** A request that began before the routes changed has long been passed on by then; the driver waits for its answer. */
const GRACES: Graces = { swapMs: 5_000, stopMs: 30_000 }

/**
 * Ends what an earlier life left running, and starts again what the store says.
 * Rejects when the store cannot be read.
 */
export async function createServing(
  {
    store,
    driver,
    events,
    log,
    signal,
    folders,
    resolveRuntime,
  }: Pick<ManagerParts, 'store' | 'driver' | 'events' | 'log' | 'signal' | 'folders' | 'resolveRuntime'>,
  {
    pickName = createNamePicker(),
    graces = GRACES,
    prepare = version => toDeployableModel(version, { folders, resolveRuntime }),
  }: ServingOptions = {},
): Promise<Serving> {
  await driver.cleanUp()
  const runs = createServableRuns({ driver, prepare, log })
  const routing = createRouting(runs)
  const parts: ServingParts = {
    store,
    events,
    log,
    signal,
    runs,
    routing,
    pickName,
    graces,
    inTurn: createInTurn(),
  }
  const settlement = createSettlement(parts, createRetirement(parts))
  const metrics = createMetricRegistry(parts)
  const following = followStates(parts, settlement)
  const stopListening = events.on('MetricSpecRemove', ({ id }) => {
    metrics.removeServables(id).catch((error: unknown) => {
      if (!signal.aborted) log.error(`the servable of metric specification ${id} was not removed`, { error })
    })
  })
  await reconcile(parts)
  return {
    servables: createServableRegistry(parts),
    applications: createApplicationRegistry(parts, settlement),
    metrics,
    discovery: routing,
    async close() {
      stopListening()
      await following
      // Whoever has begun to change something ends it first.
      await parts.inTurn(async () => {})
      await runs.close()
    },
  }
}
