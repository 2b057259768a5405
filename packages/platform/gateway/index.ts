/** The gateway: inference for applications and servables, over HTTP, gRPC and as models of a server. */
export type {
  Discovery,
  PredictionRecord,
  RecordPrediction,
  RoutedApplication,
  RoutedServable,
  RoutedVariant,
  RoutingTable,
  ServableEndpoint,
} from './discovery.ts'
export type { ModelHost } from './follow-table.ts'
export {
  createGateway,
  type Gateway,
  type GatewayOptions,
  type GatewayStatistics,
  type HostedModels,
} from './gateway.ts'
export type { GatewayLimits } from './gateway-limits.ts'
export type { ServableDemand } from './servable-demand.ts'
