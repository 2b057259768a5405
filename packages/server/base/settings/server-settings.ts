import { resolve } from 'node:path'
import type { JsonObject } from '../config/json-file.ts'
import { type ModelMemorySettings, toModelMemorySettings } from './cache-settings.ts'
import { type KafkaSecurity, toKafkaSecurity } from './kafka-settings.ts'
import { type MeshSettings, toMeshSettings } from './mesh-settings.ts'
import { type ModelRuntimeSettings, toModelRuntimeSettings } from './model-runtime-settings.ts'
import { type SecuritySettings, toSecuritySettings } from './security-settings.ts'
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
  /** Absolute, or a URI. */
  readonly modelRepositoryRoot: string
  readonly modelRepositoryImplementationArgs: JsonObject
  readonly loadsModelsAtStartup: boolean
  readonly serverName: string
  readonly serverVersion: string
  readonly extensions: readonly string[]
  readonly host: string
  readonly httpPort: number
  /** Begins with a slash and does not end with one; '' for none. */
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
  /** Whether figures of models carry their names. */
  readonly hasMetricsPerModel: boolean
  /** Absolute. */
  readonly metricsFolder: string
  readonly isLogStructured: boolean
  readonly loggingSettings: string | JsonObject | undefined
  readonly isKafkaEnabled: boolean
  readonly kafkaServers: string
  readonly kafkaInputTopic: string
  readonly kafkaOutputTopic: string
  /** Undefined: every server answers every record that arrives while it runs. */
  readonly kafkaGroupId: string | undefined
  readonly kafkaMaxInFlight: number
  /** Undefined: errors are answered in the output topic. */
  readonly kafkaDeadLetterTopic: string | undefined
  readonly kafkaSecurity: KafkaSecurity
  readonly tracingServer: string | undefined
  readonly isCacheEnabled: boolean
  readonly cacheMaxEntries: number
  readonly cacheMaxBytes: number
  readonly workerKind: 'thread' | 'process'
  /** Per model. */
  readonly maxQueueRequests: number
  /** Per model. */
  readonly maxQueueBytes: number
  readonly isGzipEnabled: boolean
  readonly isCloudEventsEnabled: boolean
  readonly security: SecuritySettings
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
  readonly watchesModelRepository: boolean
  readonly allowsPickle: boolean
  /** Absolute. */
  readonly modelCacheFolder: string
  /** Everything that one URI stands for. */
  readonly modelDownloadMaxBytes: number
  /** Undefined: every model is loaded, and stays. */
  readonly modelMemory: ModelMemorySettings | undefined
  /** Undefined: no models are registered while it runs. */
  readonly mesh: MeshSettings | undefined
  /** Undefined: the server stands in no ModelMesh. */
  readonly modelRuntime: ModelRuntimeSettings | undefined
  /** Absolute; undefined: the model repository, or `ROOT_MODEL_DIR`, or `/models`. */
  readonly meshModelsFolder: string | undefined
  /** Absolute; undefined: `STORAGE_CONFIG_DIR`, or `/storage-config`. */
  readonly meshStorageFolder: string | undefined
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
    modelRepositoryRoot: repositoryRoot(fields.model_repository_root, workingDirectory),
    modelRepositoryImplementationArgs: fields.model_repository_implementation_args,
    loadsModelsAtStartup: fields.load_models_at_startup,
    serverName: fields.server_name,
    serverVersion: fields.server_version,
    extensions: fields.extensions,
    host: fields.host,
    httpPort: fields.http_port,
    rootPath: rootPath(fields.root_path),
    grpcPort: fields.grpc_port,
    grpcMaxMessageBytes: grpcMaxMessageBytes(fields),
    cors: toCorsSettings(fields.cors_settings),
    metricsEndpoint: fields.metrics_endpoint ?? undefined,
    metricsPort: fields.metrics_port,
    metricsRestServerPrefix: fields.metrics_rest_server_prefix,
    hasMetricsPerModel:
      fields.metrics_per_model ??
      (fields.model_memory_budget === null && fields.model_runtime_endpoint === null),
    metricsFolder: resolve(workingDirectory, fields.metrics_dir),
    isLogStructured: fields.use_structured_logging,
    loggingSettings: fields.logging_settings ?? undefined,
    isKafkaEnabled: fields.kafka_enabled,
    kafkaServers: fields.kafka_servers,
    kafkaInputTopic: fields.kafka_topic_input,
    kafkaOutputTopic: fields.kafka_topic_output,
    kafkaGroupId: fields.kafka_group_id ?? undefined,
    kafkaMaxInFlight: fields.kafka_max_in_flight,
    kafkaDeadLetterTopic: fields.kafka_dead_letter_topic ?? undefined,
    kafkaSecurity: toKafkaSecurity(fields.kafka_security, workingDirectory),
    tracingServer: fields.tracing_server ?? undefined,
    isCacheEnabled: fields.cache_enabled,
    cacheMaxEntries: fields.cache_size,
    cacheMaxBytes: fields.cache_max_bytes,
    workerKind: fields.worker_kind,
    maxQueueRequests: fields.max_queue_requests,
    maxQueueBytes: fields.max_queue_bytes,
    isGzipEnabled: fields.gzip_enabled,
    isCloudEventsEnabled: fields.cloudevents_enabled,
    security: toSecuritySettings(fields, workingDirectory),
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
    watchesModelRepository: fields.watch_model_repository,
    allowsPickle: fields.allow_pickle,
    modelCacheFolder: resolve(workingDirectory, fields.model_cache_dir),
    modelDownloadMaxBytes: fields.model_download_max_bytes,
    modelMemory: toModelMemorySettings(fields),
    mesh: toMeshSettings(fields, workingDirectory),
    modelRuntime: toModelRuntimeSettings(fields, workingDirectory),
    meshModelsFolder: resolved(fields.mesh_models_folder, workingDirectory),
    meshStorageFolder: resolved(fields.mesh_storage_folder, workingDirectory),
  }
}

function resolved(path: string | null, workingDirectory: string): string | undefined {
  return path === null ? undefined : resolve(workingDirectory, path)
}

/** `models/`, `/models` and `/models/` all mean `/models`. */
function rootPath(path: string): string {
  const inner = path.replace(/^\/+|\/+$/g, '')
  return inner === '' ? '' : `/${inner}`
}

/** A folder as an absolute path; a URI as it is. Two letters at least make a scheme: `c:` is a drive. */
function repositoryRoot(root: string, workingDirectory: string): string {
  return /^[a-z][a-z\d+.-]+:\/\//i.test(root) ? root : resolve(workingDirectory, root)
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
