import { DATATYPES } from '@millrace/sdk'

/** The bodies of the protocol as OpenAPI 3.1 has them, which is JSON Schema 2020-12. */

export interface Schema {
  readonly [keyword: string]: unknown
}

const text = { type: 'string' } as const
const integer = { type: 'integer' } as const
function object(required: readonly string[], properties: Schema, more: Schema = {}): Schema {
  return { type: 'object', ...(required.length === 0 ? {} : { required }), properties, ...more }
}

function list(items: Schema): Schema {
  return { type: 'array', items }
}

/** Stands for one of {@link SCHEMAS}. */
export function reference(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` }
}

const shape = {
  ...list({ ...integer, minimum: 0 }),
  description: 'Extents of all dimensions, the batch first.',
}
const data = {
  type: 'array',
  items: {},
  description: 'Elements in row-major order, flat or nested as the shape is. BYTES are texts.',
}
const duration = object(['count', 'ns'], { count: integer, ns: integer })

export const SCHEMAS = {
  Parameters: {
    type: 'object',
    additionalProperties: true,
    description: 'Values by name: text, numbers, booleans; over REST any JSON.',
  },
  Error: object(['error'], {
    error: { ...text, description: 'What was wrong, which value, what is allowed.' },
    detail: list(object([], { type: text, loc: list({}), msg: text, input: {}, ctx: { type: 'object' } })),
  }),
  ServerMetadata: object(['name', 'version', 'extensions'], {
    name: text,
    version: text,
    extensions: list(text),
  }),
  ModelList: object(['models'], { models: list(text) }),
  TensorMetadata: object(['name', 'datatype', 'shape'], {
    name: text,
    datatype: { enum: DATATYPES },
    shape: { ...list(integer), description: '-1 stands for any extent.' },
    parameters: reference('Parameters'),
  }),
  ModelMetadata: object(['name', 'platform', 'inputs', 'outputs'], {
    name: text,
    versions: list(text),
    platform: text,
    inputs: list(reference('TensorMetadata')),
    outputs: list(reference('TensorMetadata')),
    parameters: reference('Parameters'),
  }),
  ModelConfiguration: object(['name', 'platform', 'backend', 'max_batch_size', 'input', 'output'], {
    name: text,
    platform: text,
    backend: text,
    max_batch_size: integer,
    input: list(reference('ConfiguredTensor')),
    output: list(reference('ConfiguredTensor')),
  }),
  ConfiguredTensor: object(['name', 'data_type', 'dims'], {
    name: text,
    data_type: text,
    dims: list(integer),
    optional: { type: 'boolean' },
  }),
  Statistics: object(['model_stats'], { model_stats: list(reference('ModelStatistics')) }),
  ModelStatistics: object(['name', 'version'], {
    name: text,
    version: text,
    last_inference: integer,
    inference_count: integer,
    execution_count: integer,
    inference_stats: { type: 'object', additionalProperties: duration },
  }),
  RequestInput: object(['name', 'shape', 'datatype', 'data'], {
    name: text,
    shape,
    datatype: { enum: DATATYPES },
    parameters: reference('Parameters'),
    data,
  }),
  RequestedOutput: object(['name'], { name: text, parameters: reference('Parameters') }),
  InferenceRequest: object(['inputs'], {
    id: {
      type: ['string', 'null'],
      description: 'Comes back with the answer; one is made if there is none.',
    },
    parameters: reference('Parameters'),
    inputs: list(reference('RequestInput')),
    outputs: { ...list(reference('RequestedOutput')), description: 'Absent or empty: every output.' },
  }),
  ResponseOutput: object(['name', 'shape', 'datatype'], {
    name: text,
    shape,
    datatype: { enum: DATATYPES },
    parameters: reference('Parameters'),
    data,
  }),
  InferenceResponse: object(['model_name', 'outputs'], {
    model_name: text,
    model_version: text,
    id: text,
    parameters: reference('Parameters'),
    outputs: list(reference('ResponseOutput')),
  }),
  GenerateRequest: object(
    ['text_input'],
    {
      id: { type: ['string', 'null'] },
      text_input: {
        ...text,
        description: 'Goes to the input of that name, or to the only one of datatype BYTES.',
      },
      parameters: reference('Parameters'),
    },
    {
      additionalProperties: true,
      description: 'Members called like an input are that input, others are request parameters.',
    },
  ),
  GenerateResponse: object(
    ['model_name'],
    { model_name: text, model_version: text, id: text, text_output: {} },
    {
      additionalProperties: true,
      description: 'A member for each output; one value alone is not in a list.',
    },
  ),
  RepositoryIndexRequest: object([], {
    ready: { type: 'boolean', default: false, description: 'Only models that are ready.' },
  }),
  RepositoryIndex: list(
    object(['name', 'state', 'reason'], {
      name: text,
      version: text,
      state: { enum: ['UNKNOWN', 'LOADING', 'READY', 'UNLOADING', 'UNAVAILABLE'] },
      reason: text,
    }),
  ),
} as const satisfies Readonly<Record<string, Schema>>

export type SchemaName = keyof typeof SCHEMAS
