import type { Logger, Model } from '@millrace/sdk'
import type { HydrosphereValue } from '@millrace/sdk/protocol'
import { createFigureTable } from './call-figures.ts'
import type { Discovery, RecordPrediction } from './discovery.ts'
import { followTable, type ModelHost } from './follow-table.ts'
import type { GatewayCall } from './gateway-call.ts'
import { type GatewayFigure, gatewayFigures } from './gateway-figures.ts'
import { completeLimits, type GatewayLimits } from './gateway-limits.ts'
import { type GatewayMethod, gatewayMethods } from './grpc-methods.ts'
import { createHostedModel } from './hosted-model.ts'
import type { GatewayRoute } from './http-exchange.ts'
import { gatewayRoutes } from './http-routes.ts'
import { noServable } from './not-found.ts'
import { createPredictor } from './predictor.ts'
import { createRouting } from './routing.ts'
import type { ServableDemand } from './servable-demand.ts'

/** Answers for applications and servables, by the routing table as it is with each request. */
export interface Gateway {
  /** For the server's HTTP listener. */
  readonly routes: readonly GatewayRoute[]
  /** For the server's gRPC listener, by full path. */
  readonly methods: ReadonlyMap<string, GatewayMethod>
  readonly hostedModels: HostedModels
  /**
   * Asks a servable for somebody in this process; there is no record of it, so monitoring may ask.
   * Rejects with a `ServingError`: NOT_FOUND for a servable that does not serve, and what it failed with.
   */
  readonly askUnrecorded: (
    servableName: string,
    inputs: readonly HydrosphereValue[],
    call: GatewayCall,
  ) => Promise<readonly HydrosphereValue[]>
  readonly statistics: () => GatewayStatistics
  /** Requests, time, errors and retries by application, stage and servable, for the server's metrics. */
  readonly figures: readonly GatewayFigure[]
  /** Ends what nobody waits for, and closes the connections behind running calls. Idempotent. */
  readonly close: () => Promise<void>
}

/** Applications and servables as models, for V2 and every other door of a server. */
export interface HostedModels {
  /** @throws ServingError NOT_FOUND when the table has no such application or servable */
  readonly createApplicationModel: (name: string) => Model
  /**
   * Keeps a host in step with the table until it is told to stop.
   * @returns ends it
   */
  readonly follow: (host: ModelHost) => () => Promise<void>
}

export interface GatewayStatistics {
  /** Variants that answer at the moment without being waited for. */
  readonly backgroundCount: number
  /** Variants that were not asked, because too many were answering. */
  readonly droppedCount: number
}

export interface GatewayOptions {
  readonly discovery: Discovery
  /** Gets a record for every servable that was asked, but for those that were asked without shadows. */
  readonly record: RecordPrediction
  readonly log: Logger
  /** From 0 up to, and without, 1. Default `Math.random`. */
  readonly random?: (() => number) | undefined
  readonly limits?: Partial<GatewayLimits> | undefined
  /** What starts servables that sleep. Default: none does. */
  readonly demand?: ServableDemand | undefined
  /** What `GET /gateway/buildinfo` answers. Default: the name alone. */
  readonly buildInfo?: Readonly<Record<string, string>> | undefined
}

/** @throws ServingError INVALID_ARGUMENT for a limit that cannot be */
export function createGateway(options: GatewayOptions): Gateway {
  const { discovery, record, log, random = Math.random, demand = null, buildInfo = {} } = options
  const limits = completeLimits(options.limits)
  const table = createFigureTable()
  const routing = createRouting(discovery, limits, table, demand)
  const predictor = createPredictor({ record, log, random, limits })
  const { background } = predictor
  const createApplicationModel = (name: string) => createHostedModel(name, routing, predictor)
  return {
    routes: gatewayRoutes({
      routing,
      predictor,
      maxJsonBytes: limits.maxJsonBytes,
      buildInfo: { name: 'millrace-gateway', ...buildInfo },
    }),
    methods: gatewayMethods(routing, predictor),
    hostedModels: {
      createApplicationModel,
      follow: host => followTable(routing, host, createApplicationModel, log),
    },
    async askUnrecorded(servableName, inputs, call) {
      const { target } = routing.servables.get(servableName) ?? noServable(servableName)
      return predictor.servable(target, inputs, call, false)
    },
    statistics: () => ({
      backgroundCount: background.runningCount,
      droppedCount: background.droppedCount,
    }),
    figures: gatewayFigures(table, background, demand !== null),
    async close() {
      await background.close()
      await routing.close()
    },
  }
}
