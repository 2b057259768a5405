import { reference, type Schema, type SchemaName } from './schemas.ts'

/** One REST route as the documentation describes it; all documents are made of these. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** As the router has it, with `:name` segments. */
  readonly path: string
  readonly tag: Tag
  readonly summary: string
  readonly request?: Body | undefined
  /** Bodies by media type; an empty object for an answer without one. */
  readonly answer: Body
  /** Statuses of errors that are worth knowing beside those that every route has. */
  readonly errors?: readonly number[]
}

export type Body = Readonly<Record<string, Schema>>
export type Tag =
  | 'Health'
  | 'Metadata'
  | 'Inference'
  | 'Repository'
  | 'Mesh'
  | 'Documentation'
  | 'Not offered'

const json = (name: SchemaName): Body => ({ 'application/json': reference(name) })
const anyJson: Body = { 'application/json': { type: 'object' } }
const events: Body = {
  'text/event-stream': { type: 'string', description: 'One `data: {…}` event for each answer.' },
}
const inferRequest: Body = {
  ...json('InferenceRequest'),
  'application/octet-stream': {
    description:
      'JSON and binary tensors behind it; the header Inference-Header-Content-Length says how long the JSON is.',
  },
}
const generateRequest: Body = {
  'application/json': { anyOf: [reference('GenerateRequest'), reference('InferenceRequest')] },
}

type Row = Omit<Operation, 'path'>

const HEALTH: Pick<Row, 'method' | 'tag' | 'answer' | 'errors'> = {
  method: 'GET',
  tag: 'Health',
  answer: {},
  errors: [503],
}

/** What there is of each model, by what follows `/v2/models/{model_name}[/versions/{model_version}]`. */
const OF_MODEL: Readonly<Record<string, Row>> = {
  '': { method: 'GET', tag: 'Metadata', summary: 'Metadata of the model', answer: json('ModelMetadata') },
  '/ready': { ...HEALTH, summary: 'Whether the model can answer', errors: [404, 503] },
  '/config': {
    method: 'GET',
    tag: 'Metadata',
    summary: 'Configuration of the model',
    answer: json('ModelConfiguration'),
  },
  '/stats': {
    method: 'GET',
    tag: 'Metadata',
    summary: 'Statistics of the model',
    answer: json('Statistics'),
  },
  '/infer': {
    method: 'POST',
    tag: 'Inference',
    summary: 'Have the model answer',
    request: inferRequest,
    answer: json('InferenceResponse'),
    errors: [422],
  },
  '/infer_stream': {
    method: 'POST',
    tag: 'Inference',
    summary: 'Have the model answer in parts',
    request: inferRequest,
    answer: events,
    errors: [422],
  },
  '/generate': {
    method: 'POST',
    tag: 'Inference',
    summary: 'Have the model answer a text, or an inference request',
    request: generateRequest,
    answer: {
      'application/json': { anyOf: [reference('GenerateResponse'), reference('InferenceResponse')] },
    },
    errors: [422],
  },
  '/generate_stream': {
    method: 'POST',
    tag: 'Inference',
    summary: 'Have the model answer a text, or an inference request, in parts',
    request: generateRequest,
    answer: events,
    errors: [422],
  },
  '/docs': {
    method: 'GET',
    tag: 'Documentation',
    summary: 'Page about the model',
    answer: { 'text/html': { type: 'string' } },
  },
  '/docs/dataplane.json': {
    method: 'GET',
    tag: 'Documentation',
    summary: 'OpenAPI document of the model',
    answer: anyJson,
  },
}

export const MODEL_PATH = '/v2/models/:model'
export const VERSION_PATH = '/v2/models/:model/versions/:version'

export const MODEL_OPERATIONS: readonly Operation[] = [MODEL_PATH, VERSION_PATH].flatMap(prefix =>
  Object.entries(OF_MODEL).map(([rest, row]) => ({ ...row, path: `${prefix}${rest}` })),
)

/** Routes of Triton's extensions that stock clients have methods for and this server does not offer. */
export const NOT_OFFERED = [
  { path: '/v2/trace/setting', extension: 'trace' },
  { path: '/v2/models/:model/trace/setting', extension: 'trace' },
  { path: '/v2/logging', extension: 'logging' },
  { path: '/v2/systemsharedmemory/status', extension: 'system_shared_memory' },
  { path: '/v2/cudasharedmemory/status', extension: 'cuda_shared_memory' },
] as const

export const OPERATIONS: readonly Operation[] = [
  { ...HEALTH, path: '/v2/health/live', summary: 'Whether the server runs', errors: [] },
  { ...HEALTH, path: '/v2/health/ready', summary: 'Whether every model can answer' },
  {
    method: 'GET',
    path: '/v2',
    tag: 'Metadata',
    summary: 'Metadata of the server',
    answer: json('ServerMetadata'),
  },
  {
    method: 'GET',
    path: '/v2/models',
    tag: 'Metadata',
    summary: 'Names of the loaded models',
    answer: json('ModelList'),
  },
  {
    method: 'GET',
    path: '/v2/models/stats',
    tag: 'Metadata',
    summary: 'Statistics of all models',
    answer: json('Statistics'),
  },
  ...MODEL_OPERATIONS,
  {
    method: 'POST',
    path: '/v2/repository/index',
    tag: 'Repository',
    summary: 'What the repository holds and what is loaded',
    request: json('RepositoryIndexRequest'),
    answer: json('RepositoryIndex'),
  },
  {
    method: 'POST',
    path: '/v2/repository/models/:model/load',
    tag: 'Repository',
    summary: 'Load or reload a model',
    request: anyJson,
    answer: {},
    errors: [404],
  },
  {
    method: 'POST',
    path: '/v2/repository/models/:model/unload',
    tag: 'Repository',
    summary: 'Unload a model',
    request: anyJson,
    answer: {},
    errors: [404],
  },
  {
    method: 'GET',
    path: '/v2/docs',
    tag: 'Documentation',
    summary: 'This page',
    answer: { 'text/html': { type: 'string' } },
  },
  {
    method: 'GET',
    path: '/v2/docs/dataplane.json',
    tag: 'Documentation',
    summary: 'This document',
    answer: anyJson,
  },
  {
    method: 'GET',
    path: '/v2/docs/assets/:file',
    tag: 'Documentation',
    summary: 'What the pages are made of',
    answer: { '*/*': {} },
    errors: [404],
  },
  {
    method: 'GET',
    path: '/v2/docs/schemas/:file',
    tag: 'Documentation',
    summary: 'JSON Schemas of server-settings.json and model-settings.json',
    answer: { 'application/schema+json': { type: 'object' } },
    errors: [404],
  },
  ...NOT_OFFERED.flatMap(({ path, extension }) =>
    (['GET', 'POST'] as const).map(method => ({
      method,
      path,
      tag: 'Not offered' as const,
      summary: `Extension ${extension}`,
      answer: {},
      errors: [501],
    })),
  ),
]
