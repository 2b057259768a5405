import { resolve } from 'node:path'
import type { JsonObject } from '../config/json-file.ts'
import type { ServerSettingsFields } from './server-settings-schema.ts'

/** Which web pages of other origins may call the server. */
export interface CorsSettings {
  readonly allowedOrigins: readonly string[]
  /** Matches whole origins. */
  readonly allowedOriginPattern: RegExp | undefined
  readonly allowsCredentials: boolean
  readonly allowedMethods: readonly string[]
  readonly allowedHeaders: readonly string[]
  readonly exposedHeaders: readonly string[]
  readonly maxAgeSeconds: number
}

/** Settings of a server, checked and complete. The fields of `settings.json` are described in its schema. */
export interface ServerSettings {
  readonly isDebugging: boolean
  readonly parallelWorkers: number
  readonly parallelWorkersTimeoutMs: number
  /** Absolute. */
  readonly environmentsFolder: string
  readonly modelRepositoryImplementation: string | undefined
  /** Absolute. */
  readonly modelRepositoryRoot: string
  readonly modelRepositoryImplementationArgs: JsonObject
  readonly loadsModelsAtStartup: boolean
  readonly serverName: string
  readonly serverVersion: string
  readonly extensions: readonly string[]
  readonly host: string
  readonly httpPort: number
  readonly rootPath: string
  readonly grpcPort: number
  /** The default and "unlimited" are worked out: always a number of bytes. */
  readonly grpcMaxMessageBytes: number
  /** Undefined: no CORS headers. */
  readonly cors: CorsSettings | undefined
  /** Undefined: no metrics listener. */
  readonly metricsEndpoint: string | undefined
  readonly metricsPort: number
  readonly metricsRestServerPrefix: string
  /** Absolute. */
  readonly metricsFolder: string
  readonly isLogStructured: boolean
  readonly loggingSettings: string | JsonObject | undefined
  readonly isKafkaEnabled: boolean
  readonly kafkaServers: string
  readonly kafkaInputTopic: string
  readonly kafkaOutputTopic: string
  readonly tracingServer: string | undefined
  readonly isCacheEnabled: boolean
  readonly cacheMaxEntries: number
  readonly isGzipEnabled: boolean
  readonly httpMaxBodyBytes: number
  readonly httpMaxHeaderBytes: number
  readonly grpcMaxHeaderBytes: number
  /** Per listener. */
  readonly maxConcurrentRequests: number
  /** Per listener. */
  readonly maxInflightBytes: number
  /** Per listener. */
  readonly maxConnections: number
  readonly requestTimeoutMs: number
  readonly headersTimeoutMs: number
  readonly keepAliveTimeoutMs: number
  readonly streamIdleTimeoutMs: number
  readonly shutdownTimeoutMs: number
  readonly modelLoadTimeoutMs: number
  readonly grpcStreamShape: 'auto' | 'triton' | 'mlserver'
}

const DEFAULT_GRPC_MESSAGE_BYTES = 4 * 1024 * 1024

/** Settings as the code reads them; relative paths are taken from `workingDirectory`. */
export function toServerSettings(fields: ServerSettingsFields, workingDirectory: string): ServerSettings {
  return {
    isDebugging: fields.debug,
    parallelWorkers: fields.parallel_workers,
    parallelWorkersTimeoutMs: toMs(fields.parallel_workers_timeout),
    environmentsFolder: resolve(workingDirectory, fields.environments_dir),
    modelRepositoryImplementation: fields.model_repository_implementation ?? undefined,
    modelRepositoryRoot: resolve(workingDirectory, fields.model_repository_root),
    modelRepositoryImplementationArgs: fields.model_repository_implementation_args,
    loadsModelsAtStartup: fields.load_models_at_startup,
    serverName: fields.server_name,
    serverVersion: fields.server_version,
    extensions: fields.extensions,
    host: fields.host,
    httpPort: fields.http_port,
    rootPath: fields.root_path,
    grpcPort: fields.grpc_port,
    grpcMaxMessageBytes: grpcMaxMessageBytes(fields),
    cors: toCorsSettings(fields.cors_settings),
    metricsEndpoint: fields.metrics_endpoint ?? undefined,
    metricsPort: fields.metrics_port,
    metricsRestServerPrefix: fields.metrics_rest_server_prefix,
    metricsFolder: resolve(workingDirectory, fields.metrics_dir),
    isLogStructured: fields.use_structured_logging,
    loggingSettings: fields.logging_settings ?? undefined,
    isKafkaEnabled: fields.kafka_enabled,
    kafkaServers: fields.kafka_servers,
    kafkaInputTopic: fields.kafka_topic_input,
    kafkaOutputTopic: fields.kafka_topic_output,
    tracingServer: fields.tracing_server ?? undefined,
    isCacheEnabled: fields.cache_enabled,
    cacheMaxEntries: fields.cache_size,
    isGzipEnabled: fields.gzip_enabled,
    httpMaxBodyBytes: fields.http_max_body_bytes,
    httpMaxHeaderBytes: fields.http_max_header_bytes,
    grpcMaxHeaderBytes: fields.grpc_max_header_bytes,
    maxConcurrentRequests: fields.max_concurrent_requests,
    maxInflightBytes: fields.max_inflight_bytes,
    maxConnections: fields.max_connections,
    requestTimeoutMs: toMs(fields.request_timeout),
    headersTimeoutMs: toMs(fields.headers_timeout),
    keepAliveTimeoutMs: toMs(fields.keep_alive_timeout),
    streamIdleTimeoutMs: toMs(fields.stream_idle_timeout),
    shutdownTimeoutMs: toMs(fields.shutdown_timeout),
    modelLoadTimeoutMs: toMs(fields.model_load_timeout),
    grpcStreamShape: fields.grpc_stream_shape,
  }
}

/** "Unlimited" still has a bound: what the listener holds at once. */
function grpcMaxMessageBytes(fields: ServerSettingsFields): number {
  const { grpc_max_message_length: length, max_inflight_bytes: maxInflightBytes } = fields
  if (length === null) return DEFAULT_GRPC_MESSAGE_BYTES
  return length === -1 ? maxInflightBytes : length
}

function toCorsSettings(fields: ServerSettingsFields['cors_settings']): CorsSettings | undefined {
  if (fields === null) return undefined
  return {
    allowedOrigins: fields.allow_origins,
    allowedOriginPattern:
      fields.allow_origin_regex === null ? undefined : originPattern(fields.allow_origin_regex),
    allowsCredentials: fields.allow_credentials,
    allowedMethods: fields.allow_methods,
    allowedHeaders: fields.allow_headers,
    exposedHeaders: fields.expose_headers,
    maxAgeSeconds: fields.max_age,
  }
}

/** @throws SyntaxError for a pattern that is not a regular expression. */
export function originPattern(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`)
}

function toMs(seconds: number): number {
  return Math.round(seconds * 1000)
}
