import type { Launcher } from '../launchers/launcher.ts'
import { type GrpcClient, grpcClient } from './grpc-client.ts'
import { type HttpAnswer, type RestClient, restClient } from './rest-client.ts'

/** Where a server listens. */
export interface Addresses {
  /** Base URL. */
  readonly rest: string
  /** Host and port. */
  readonly grpc: string
  /** URL of the metrics, path included; `undefined` if there is none. */
  readonly metrics?: string | undefined
}

/** A server, and the clients to ask it with. */
export interface Server {
  readonly rest: RestClient
  readonly grpc: GrpcClient
  /** Asks the metrics listener; the path of the URL unless told otherwise. */
  readonly metrics: (path?: string) => Promise<HttpAnswer>
}

/** What a check runs against. */
export interface Target extends Server {
  /** Starts further servers of the same kind; null when only addresses are known. */
  readonly launcher: Launcher | null
}

export function connect(addresses: Addresses): Server & { close(): void } {
  const rest = restClient(addresses.rest)
  const grpc = grpcClient(addresses.grpc)
  const metrics = addresses.metrics === undefined ? undefined : new URL(addresses.metrics)
  const metricsClient = metrics === undefined ? undefined : restClient(metrics.origin)
  return {
    rest,
    grpc,
    metrics: async path => {
      if (metrics === undefined || metricsClient === undefined) throw new Error('no metrics address is known')
      return metricsClient.get(path ?? metrics.pathname)
    },
    close: () => {
      rest.close()
      grpc.close()
      metricsClient?.close()
    },
  }
}
