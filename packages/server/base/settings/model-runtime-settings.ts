import { resolve } from 'node:path'
import { ServingError } from '@millrace/sdk'
import type { ServerSettingsFields } from './server-settings-schema.ts'

/** How a server stands in ModelMesh without an adapter. */
export interface ModelRuntimeSettings {
  readonly endpoint: { readonly port: number } | { readonly socketPath: string }
  /** Takes requests beside the gRPC port. */
  readonly dataSocketPath: string | undefined
  readonly host: string
  readonly socketMode: number
  /** Undefined: what is measured, without the buffer. */
  readonly capacityBytes: number | undefined
  readonly memoryBufferBytes: number
  readonly defaultModelBytes: number
  readonly maxLoadingConcurrency: number
  readonly limitsModelConcurrency: boolean
}

/**
 * Undefined without an endpoint; relative paths are taken from `workingDirectory`.
 * @throws ServingError INVALID_ARGUMENT for a port that is none, and for requests on a socket without an endpoint
 */
export function toModelRuntimeSettings(
  fields: ServerSettingsFields,
  workingDirectory: string,
): ModelRuntimeSettings | undefined {
  const { model_runtime_endpoint: endpoint, model_runtime_data_endpoint: dataEndpoint } = fields
  const socketPath = (text: string) => resolve(workingDirectory, text.slice('unix:'.length))
  if (endpoint === null) {
    if (dataEndpoint === null) return undefined
    throw new ServingError(
      'INVALID_ARGUMENT',
      `model_runtime_data_endpoint is ${JSON.stringify(dataEndpoint)}, which needs a model_runtime_endpoint`,
    )
  }
  return {
    endpoint: endpoint.startsWith('unix:')
      ? { socketPath: socketPath(endpoint) }
      : { port: portOf(endpoint) },
    dataSocketPath: dataEndpoint === null ? undefined : socketPath(dataEndpoint),
    host: fields.model_runtime_host,
    socketMode: Number.parseInt(fields.model_runtime_socket_mode, 8),
    capacityBytes: fields.model_runtime_capacity ?? undefined,
    memoryBufferBytes: fields.model_runtime_memory_buffer,
    defaultModelBytes: fields.model_runtime_default_size,
    maxLoadingConcurrency: fields.model_runtime_loading_concurrency,
    limitsModelConcurrency: fields.model_runtime_limits_concurrency,
  }
}

function portOf(endpoint: string): number {
  const port = Number(endpoint.slice('port:'.length))
  if (port <= 65_535) return port
  throw new ServingError(
    'INVALID_ARGUMENT',
    `model_runtime_endpoint is ${JSON.stringify(endpoint)}; allowed are ports up to 65535, as in port:8085`,
  )
}
