import type { XStatic } from 'typebox/schema'
import type { ObjectSchema } from '../config/field-schema.ts'
import { cacheSettingsSchemas } from './cache-settings-schema.ts'
import { cloudEventsSettingsSchemas } from './cloud-events-settings-schema.ts'
import { corsSettingsSchema } from './cors-settings-schema.ts'
import { kafkaSettingsSchemas } from './kafka-settings-schema.ts'
import { limitSettingsSchemas } from './limit-settings-schema.ts'
import { meshSettingsSchemas } from './mesh-settings-schema.ts'
import { modelRuntimeSettingsSchemas } from './model-runtime-settings-schema.ts'
import { schedulingSettingsSchemas } from './scheduling-settings-schema.ts'
import { securitySettingsSchemas } from './security-settings-schema.ts'
import { sourceSettingsSchemas } from './source-settings-schema.ts'

// Port 0 lets the system choose a free one.
const port = { type: 'integer', minimum: 0, maximum: 65_535 } as const

/** `settings.json`, in MLServer's own field names; what MLServer has no word for is ours. */
export const serverSettingsSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    debug: {
      type: 'boolean',
      title: 'Debug',
      description: 'Log more: debug messages and one line per request.',
      default: false,
    },
    parallel_workers: {
      type: 'integer',
      minimum: 0,
      maximum: 1024,
      title: 'Workers',
      description: 'Workers that run models beside the server; 0 runs them in the server process.',
      default: 1,
    },
    parallel_workers_timeout: {
      type: 'integer',
      minimum: 0,
      maximum: 3600,
      title: 'Workers timeout',
      description: 'Seconds that workers have to stop.',
      default: 5,
    },
    environments_dir: {
      type: 'string',
      minLength: 1,
      title: 'Environments folder',
      description: 'Where environment archives are unpacked. Default: .envs in the working directory.',
    },
    model_repository_implementation: {
      type: ['string', 'null'],
      title: 'Model repository class',
      description:
        'A class that finds models in place of the folder search: ./repository.ts:MyRepository, from the repository or the working directory, or package:Export.',
      default: null,
    },
    model_repository_root: {
      type: 'string',
      minLength: 1,
      title: 'Model repository',
      description:
        "The folder that is searched for models, or an s3:, https:, http: or oci: URI that is copied into one. The command line's folder replaces it.",
      default: '.',
    },
    model_repository_implementation_args: {
      type: 'object',
      additionalProperties: true,
      title: 'Arguments of the model repository class',
      description: 'Given to the constructor of model_repository_implementation, beside root.',
      default: {},
    },
    load_models_at_startup: {
      type: 'boolean',
      title: 'Load models at start',
      description: 'False starts without models; the repository API loads them.',
      default: true,
    },
    server_name: {
      type: 'string',
      minLength: 1,
      maxLength: 256,
      title: 'Server name',
      description: "Shown in the server's metadata and in CloudEvents headers.",
      default: 'millrace',
    },
    server_version: {
      type: 'string',
      minLength: 1,
      maxLength: 256,
      title: 'Server version',
      description: "Shown in the server's metadata. Default: the version of this server.",
    },
    extensions: {
      type: 'array',
      items: { type: 'string' },
      title: 'Extensions',
      description: 'Names of protocol extensions, shown in the metadata.',
      default: [],
    },
    host: {
      type: 'string',
      minLength: 1,
      title: 'Host',
      description: 'The address that all listeners bind to; 0.0.0.0 is reachable from other machines.',
      default: '127.0.0.1',
    },
    http_port: {
      ...port,
      title: 'REST port',
      description: 'Port of the REST listener; 0 takes a free one.',
      default: 8080,
    },
    root_path: {
      type: 'string',
      maxLength: 1024,
      // Parts of a path as RFC 3986 writes them; it goes into links and pages as it is.
      pattern: "^[A-Za-z0-9/._~!$&'()*+,;=:@%-]*$",
      title: 'Root path',
      description:
        'The path under which a proxy offers this server; links in the documentation begin with it.',
      default: '',
    },
    grpc_port: {
      ...port,
      title: 'gRPC port',
      description: 'Port of the gRPC listener; 0 takes a free one.',
      default: 8081,
    },
    grpc_max_message_length: {
      type: ['integer', 'null'],
      minimum: -1,
      maximum: 0x7f_ff_ff_ff,
      title: 'Largest gRPC message',
      description: 'Bytes of one gRPC message. Null: 4 MiB. -1: as many as max_inflight_bytes.',
      default: null,
    },
    cors_settings: corsSettingsSchema,
    metrics_endpoint: {
      type: ['string', 'null'],
      pattern: '^/',
      title: 'Metrics path',
      description: 'Path of the metrics; null or an empty text turns the metrics listener off.',
      default: '/metrics',
    },
    metrics_port: {
      ...port,
      title: 'Metrics port',
      description: 'Port of the metrics listener; 0 takes a free one.',
      default: 8082,
    },
    metrics_rest_server_prefix: {
      type: 'string',
      pattern: '^[a-zA-Z_:][a-zA-Z0-9_:]*$',
      title: 'Prefix of REST metrics',
      description: "How the names of the REST listener's metrics begin.",
      default: 'rest_server',
    },
    metrics_per_model: {
      type: ['boolean', 'null'],
      title: 'Metrics of each model',
      description:
        'Whether figures are shown for each model, or of all together; what models register themselves always has their names. Null: for each, but together with model_memory_budget or model_runtime_endpoint, where thousands may come and go.',
      default: null,
    },
    metrics_dir: {
      type: 'string',
      minLength: 1,
      title: 'Metrics folder',
      description: 'Where processes share their metrics. Default: .metrics in the working directory.',
    },
    use_structured_logging: {
      type: 'boolean',
      title: 'Structured logging',
      description: 'Log one JSON object per line.',
      default: false,
    },
    logging_settings: {
      type: ['string', 'object', 'null'],
      additionalProperties: true,
      title: 'Logging settings',
      description: 'A configuration for the logging module of Python, or the path of one.',
      default: null,
    },
    kafka_enabled: {
      type: 'boolean',
      title: 'Kafka',
      description: 'Answer inference requests from a Kafka topic.',
      default: false,
    },
    kafka_servers: {
      type: 'string',
      title: 'Kafka servers',
      description: 'Addresses of Kafka brokers, separated by commas.',
      default: 'localhost:9092',
    },
    kafka_topic_input: {
      type: 'string',
      title: 'Kafka input topic',
      description: 'The topic that requests come from.',
      default: 'mlserver-input',
    },
    kafka_topic_output: {
      type: 'string',
      title: 'Kafka output topic',
      description: 'The topic that answers go to.',
      default: 'mlserver-output',
    },
    tracing_server: {
      type: ['string', 'null'],
      title: 'Tracing server',
      description: 'Address that OpenTelemetry spans are sent to over gRPC.',
      default: null,
    },
    cache_enabled: {
      type: 'boolean',
      title: 'Response cache',
      description: 'Answer repeated requests from memory.',
      default: false,
    },
    cache_size: {
      type: 'integer',
      minimum: 0,
      maximum: 1_000_000,
      title: 'Response cache size',
      description: 'Responses that the cache holds.',
      default: 100,
    },
    gzip_enabled: {
      type: 'boolean',
      title: 'Compression',
      description: 'Compress REST responses for clients that accept it.',
      default: true,
    },
    ...cloudEventsSettingsSchemas,
    ...limitSettingsSchemas,
    ...securitySettingsSchemas,
    ...schedulingSettingsSchemas,
    ...cacheSettingsSchemas,
    ...sourceSettingsSchemas,
    ...kafkaSettingsSchemas,
    ...meshSettingsSchemas,
    ...modelRuntimeSettingsSchemas,
  },
} as const satisfies ObjectSchema

type WithMembers<T> = T extends readonly unknown[] ? T : T extends object ? Required<T> : T

/** Settings under the names of the file, every field there and checked. */
export type ServerSettingsFields = {
  readonly [F in keyof Required<XStatic<typeof serverSettingsSchema>>]: WithMembers<
    Required<XStatic<typeof serverSettingsSchema>>[F]
  >
}

/** JSON Schema (draft 2020-12) of `settings.json`, for editors and for documentation. */
export function serverSettingsJsonSchema(): Readonly<Record<string, unknown>> {
  const { properties, ...rest } = serverSettingsSchema
  return structuredClone({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'urn:millrace:server-settings',
    title: 'Server settings',
    description: 'settings.json, beside the models of a repository.',
    ...rest,
    properties: {
      $schema: { type: 'string', title: 'Schema', description: 'Where editors find this schema.' },
      ...properties,
    },
  })
}
