/** The control plane: models, versions, builds, servables and applications, and the HTTP and gRPC interfaces to them. */
export type {
  ManagerDiscovery,
  PublishedApplication,
  PublishedEndpoint,
  PublishedServable,
  PublishedTable,
} from './discovery.ts'
export type { ManagerCall, ManagerMethod } from './grpc-method.ts'
export { createManager, type Manager, type ManagerOptions } from './manager.ts'
