import { create, toBinary } from '@bufbuild/protobuf'
import { ServingError } from '@millrace/sdk'
import { health } from '@millrace/sdk/protocol'
import type { DataPlane } from '../../dataplane/index.ts'
import type { GrpcMethod } from '../../transport/index.ts'
import { readMessage } from './read-message.ts'

/** How readiness is watched. */
export interface Readiness {
  /** Calls a listener whenever readiness may have changed; returns how to stop that. */
  readonly onChange: (listener: () => void) => () => void
  /** Aborted when the server stops: nobody may hold it up by watching. */
  readonly stopping: AbortSignal
}

/**
 * The standard health service (https://grpc.io/docs/guides/health-checking/), for Kubernetes' gRPC
 * probes and load balancers. `""` and every service on this port share one status: the server's
 * readiness.
 */
export function healthMethods(
  dataPlane: DataPlane,
  services: ReadonlySet<string>,
  readiness: Readiness,
): ReadonlyMap<string, GrpcMethod> {
  const {
    HealthCheckRequestSchema,
    HealthCheckResponseSchema,
    HealthCheckResponse_ServingStatus: Status,
  } = health
  const isKnown = (service: string) => service === '' || services.has(service)
  const statusOf = (service: string) => {
    if (!isKnown(service)) return Status.SERVICE_UNKNOWN
    return dataPlane.isReady() ? Status.SERVING : Status.NOT_SERVING
  }
  const encode = (status: health.HealthCheckResponse_ServingStatus) =>
    toBinary(HealthCheckResponseSchema, create(HealthCheckResponseSchema, { status }))

  return new Map<string, GrpcMethod>([
    [
      '/grpc.health.v1.Health/Check',
      {
        kind: 'unary',
        isExemptFromLimits: true,
        handle(message) {
          const { service } = readMessage(HealthCheckRequestSchema, message)
          if (isKnown(service)) return encode(statusOf(service))
          throw new ServingError('NOT_FOUND', `service '${service}' is not on this server`)
        },
      },
    ],
    [
      '/grpc.health.v1.Health/Watch',
      {
        kind: 'stream',
        // Watchers stay as long as their clients; counted, they would take the places of requests.
        isExemptFromLimits: true,
        async *handle(messages, call) {
          for await (const message of messages) {
            const { service } = readMessage(HealthCheckRequestSchema, message)
            for await (const status of changes(() => statusOf(service), readiness, call.signal)) {
              yield encode(status)
            }
          }
        },
      },
    ],
  ])
}

/** The current value, then each new one, until the call or the server ends. */
async function* changes(
  current: () => health.HealthCheckResponse_ServingStatus,
  { onChange, stopping }: Readiness,
  signal: AbortSignal,
): AsyncIterable<health.HealthCheckResponse_ServingStatus> {
  let changed = Promise.withResolvers<void>()
  const wake = () => changed.resolve()
  const stop = onChange(wake)
  signal.addEventListener('abort', wake)
  try {
    let last: health.HealthCheckResponse_ServingStatus | undefined
    while (!signal.aborted) {
      const value = current()
      if (value !== last) {
        last = value
        yield value
      }
      if (stopping.aborted) throw stopping.reason
      await changed.promise
      changed = Promise.withResolvers()
    }
  } finally {
    stop()
    signal.removeEventListener('abort', wake)
  }
}
