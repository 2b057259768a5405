import { DATATYPES, PROFILES } from '@millrace/sdk'
import type { XStatic } from 'typebox/schema'
import type { ObjectSchema } from '../base/index.ts'

const tensorSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'datatype', 'shape'],
  properties: {
    name: { type: 'string', minLength: 1, title: 'Name', description: 'The name of the tensor.' },
    datatype: { enum: DATATYPES, title: 'Datatype', description: "The datatype of the tensor's elements." },
    shape: {
      type: 'array',
      items: { type: 'integer', minimum: -1, maximum: Number.MAX_SAFE_INTEGER },
      title: 'Shape',
      description: 'Extents including the batch dimension; -1 stands for any extent.',
    },
    parameters: {
      type: ['object', 'null'],
      additionalProperties: true,
      title: 'Parameters',
      description: 'Shown in the metadata; content_type names the codec.',
      default: null,
      properties: {
        content_type: {
          type: ['string', 'null'],
          title: 'Content type',
          description: 'The codec that gives the elements their meaning, such as str.',
          default: null,
        },
      },
    },
    profile: {
      enum: PROFILES,
      title: 'Profile',
      description: 'What the values mean; monitoring picks its checks by it.',
      default: 'NONE',
    },
    optional: {
      type: 'boolean',
      title: 'Optional',
      description: 'Whether a request may leave this input out, or a response this output.',
      default: false,
    },
  },
} as const

const tensorsSchema = { type: 'array', items: tensorSchema, default: [] } as const
const optionalText = { type: ['string', 'null'], default: null } as const

const parametersSchema = {
  type: ['object', 'null'],
  additionalProperties: true,
  title: 'Parameters',
  description: 'Where the artefact is, its version, and whatever else the model wants to know.',
  default: null,
  properties: {
    uri: {
      ...optionalText,
      title: 'URI',
      description:
        'The artefact: a path relative to this file, an absolute path, or a URI. What s3:, https:, http: and oci: stand for is downloaded before the model loads. Default: the folder of this file.',
    },
    version: {
      ...optionalText,
      maxLength: 256,
      title: 'Version',
      description:
        'The version of the model, as a text. Several versions of one name are served side by side.',
    },
    environment_path: {
      ...optionalText,
      title: 'Environment path',
      description: 'Folder of a Python environment.',
    },
    environment_tarball: {
      ...optionalText,
      title: 'Environment archive',
      description: 'Archive of a Python environment.',
    },
    inference_pool_gid: {
      ...optionalText,
      title: 'Worker pool',
      description: 'Models that name the same pool share its workers.',
    },
    autogenerate_inference_pool_gid: {
      type: 'boolean',
      title: 'Own worker pool',
      description: 'Gives the model a worker pool of its own.',
      default: false,
    },
    format: { ...optionalText, title: 'Format', description: 'The format of the artefact.' },
    content_type: {
      ...optionalText,
      title: 'Content type',
      description: 'The codec of requests that name none.',
    },
    extra: {
      type: 'object',
      additionalProperties: true,
      title: 'Extra',
      description: "The model's own settings.",
      default: {},
    },
  },
} as const

/** `model-settings.json`, in MLServer's own field names; `enforce_contract`, `profile` and `optional` are ours. */
export const modelSettingsSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    name: {
      type: 'string',
      maxLength: 256,
      title: 'Name',
      description: 'The name of the model. Default: the name of the folder that holds this file.',
    },
    implementation: {
      type: 'string',
      title: 'Implementation',
      description:
        'Where the class or function is: ./model.ts:Sum, package:Export, or the name of a runtime such as onnx.',
    },
    platform: { type: 'string', title: 'Platform', description: 'Shown in the metadata.', default: '' },
    versions: {
      type: 'array',
      items: { type: 'string' },
      title: 'Version notes',
      description: 'Notes such as sklearn/1.3, shown in the metadata. Not the version that is served.',
      default: [],
    },
    inputs: { ...tensorsSchema, title: 'Inputs', description: 'What the model takes.' },
    outputs: { ...tensorsSchema, title: 'Outputs', description: 'What the model answers.' },
    enforce_contract: {
      type: 'boolean',
      title: 'Enforce the contract',
      description: 'Whether requests and answers must keep to the declared inputs and outputs.',
      default: true,
    },
    max_batch_size: {
      type: 'integer',
      minimum: -1,
      maximum: 1_000_000,
      title: 'Largest batch',
      description: 'Rows that are joined to one call of the model; less than 2 turns batching off.',
      default: 0,
    },
    max_batch_time: {
      type: 'number',
      minimum: -1,
      maximum: 3600,
      title: 'Longest wait for a batch',
      description: 'Seconds that a request waits for others at most; 0 or less turns batching off.',
      default: 0,
    },
    cache_enabled: {
      type: 'boolean',
      title: 'Response cache',
      description: 'Whether repeated requests to this model are answered from memory.',
      default: false,
    },
    placement: {
      enum: ['auto', 'worker', 'server'],
      title: 'Placement',
      description:
        'Where the model runs: in a worker, or in the server itself. auto takes the server for a model that answers ' +
        'its warm-up faster than a request gets to a worker and back, and a worker for every other.',
      default: 'auto',
    },
    max_concurrent_requests: {
      type: ['integer', 'null'],
      minimum: 1,
      maximum: 1_000_000,
      title: 'Requests at once',
      description:
        'Requests that the model is working on or that wait for it; more are refused at once with a hint when to come ' +
        "back. For short waits under overload: 1 to 1.5 times what it answers side by side. Default: three quarters of the server's.",
      default: null,
    },
    load_timeout: {
      type: ['number', 'null'],
      minimum: 0.001,
      maximum: 7 * 24 * 3600,
      title: 'Load timeout',
      description: "Seconds that this model may take to load. Default: the server's model_load_timeout.",
      default: null,
    },
    memory_pinned: {
      type: 'boolean',
      title: 'Pinned',
      description: 'With model_memory_budget: loaded when the server starts, and never unloaded for others.',
      default: false,
    },
    memory_priority: {
      type: 'integer',
      minimum: -1000,
      maximum: 1000,
      title: 'Priority of memory',
      description: 'With model_memory_budget: models of a lower priority are unloaded first.',
      default: 0,
    },
    memory_idle: {
      type: ['number', 'null'],
      minimum: 0.001,
      maximum: 7 * 24 * 3600,
      title: 'Idle time',
      description:
        "With model_memory_budget: seconds after which the model is unloaded if nobody has asked it. Default: the server's model_memory_idle.",
      default: null,
    },
    warm_up: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      title: 'Warm-up requests',
      description:
        'Files with one JSON request each, relative to this file; they are answered before the model is ready.',
      default: [],
    },
    parameters: parametersSchema,
    parallel_workers: {
      type: ['integer', 'null'],
      title: 'Workers',
      description: 'Deprecated: 0 or less keeps this model out of workers.',
      default: null,
    },
    warm_workers: { type: 'boolean', title: 'Warm workers', description: 'Deprecated.', default: false },
  },
} as const satisfies ObjectSchema

/** What a file, variables, or both set; checked, under the names of the file. */
export type ModelSettingsFields = XStatic<typeof modelSettingsSchema>
export type TensorFields = XStatic<typeof tensorSchema>

/** JSON Schema (draft 2020-12) of `model-settings.json`, for editors and for documentation. */
export function modelSettingsJsonSchema(): Readonly<Record<string, unknown>> {
  const { properties, ...rest } = modelSettingsSchema
  return structuredClone({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'urn:millrace:model-settings',
    title: 'Model settings',
    description: 'model-settings.json: one version of one model.',
    ...rest,
    properties: {
      $schema: { type: 'string', title: 'Schema', description: 'Where editors find this schema.' },
      ...properties,
    },
  })
}
