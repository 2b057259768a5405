import type { Logger } from '@millrace/sdk'
import type { Store } from '../store/index.ts'
import type { EventBus } from './events/event-bus.ts'
import type { InTurn } from './in-turn.ts'
import type { Routing } from './routing/create-routing.ts'
import type { PickName } from './servables/servable-names.ts'
import type { ServableRuns } from './servables/servable-runs.ts'

/** What those share who decide what is to run. */
export interface ServingParts {
  readonly store: Store
  readonly events: Pick<EventBus, 'publish' | 'on'>
  readonly log: Logger
  /** Aborted when the manager closes. */
  readonly signal: AbortSignal
  readonly runs: ServableRuns
  readonly routing: Routing
  readonly pickName: PickName
  /** Whatever decides what is to run does so in turn: what one has looked at, no other changes meanwhile. */
  readonly inTurn: InTurn
  readonly graces: Graces
}

/** How long requests have that are under way. */
export interface Graces {
  /** Between an update's new routes and the end of the servables that answered before. */
  readonly swapMs: number
  /** Of a servable that is being stopped. */
  readonly stopMs: number
}
