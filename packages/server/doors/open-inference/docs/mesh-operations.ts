import type { Body, Operation } from './operations.ts'
import type { Schema } from './schemas.ts'

const text = { type: 'string' } as const
const flag = { type: 'boolean', default: false } as const
const count = { type: 'integer', minimum: 0 } as const

function json(properties: Schema, required: readonly string[] = []): Body {
  const schema = { type: 'object', properties, ...(required.length === 0 ? {} : { required }) }
  return { 'application/json': schema }
}

const source = {
  type: { ...text, description: 'The format of the model, such as sklearn or onnx.' },
  path: { ...text, description: 'Where its files are.' },
  key: { ...text, description: 'JSON that says more of it: model_type, schema_path, storage_key.' },
}
const wait = {
  sync: { ...flag, description: 'Answer when it is done, or has failed.' },
  last_used_ms: {
    ...count,
    description: 'What it counts as used, in milliseconds since 1970; 0 for an hour ago.',
  },
}
const statusMembers = {
  status: { enum: ['NOT_FOUND', 'NOT_LOADED', 'LOADING', 'LOADED', 'LOADING_FAILED'] },
  errors: { type: 'array', items: text },
  copies: {
    type: 'array',
    items: {
      type: 'object',
      properties: { location: text, status: text, time: { ...text, format: 'date-time' } },
    },
  },
}
const status = json(statusMembers)
const modelMembers = {
  id: text,
  ...source,
  is_registered: flag,
  auto_delete: flag,
  state: { enum: ['NOT_LOADED', 'QUEUED', 'LOADING', 'LOADED', 'UNLOADING', 'FAILED'] },
  bytes: count,
  last_used: { ...text, format: 'date-time' },
  is_pinned: flag,
  reason: text,
}
const aliasMembers = {
  id: text,
  status: { enum: ['NOT_FOUND', 'DEFINED', 'TRANSITIONING', 'TRANSITION_FAILED'] },
  owner: text,
  active_model: text,
  target_model: text,
  active_model_status: { type: 'object', properties: statusMembers },
  target_model_status: { type: 'object', properties: statusMembers },
}
const overview = json({
  budget_bytes: count,
  used_bytes: count,
  registered_models: count,
  aliases: count,
  models_by_state: { type: 'object', additionalProperties: count },
})

const MODELS = '/v2/mesh/models'
const MODEL = `${MODELS}/:model`
const ALIASES = '/v2/mesh/aliases'
const ALIAS = `${ALIASES}/:alias`

type Row = readonly [Operation['method'], string, string, Body, Pick<Operation, 'request' | 'errors'>?]

const ROWS: readonly Row[] = [
  ['GET', '/v2/mesh', 'Memory for models, and how many there are', overview],
  [
    'PATCH',
    '/v2/mesh',
    'Change the memory for models',
    overview,
    { request: json({ budget_bytes: { ...count, minimum: 1 } }, ['budget_bytes']) },
  ],
  [
    'GET',
    MODELS,
    'Registered and cached models; the query has limit, and after for the page behind an id',
    json({ models: { type: 'array', items: { type: 'object', properties: modelMembers } }, next: text }),
  ],
  ['GET', MODEL, 'One model', json({ ...modelMembers, ...statusMembers })],
  [
    'PUT',
    MODEL,
    'Register a model',
    status,
    { request: json({ ...source, load_now: flag, ...wait }, ['type']), errors: [409, 429] },
  ],
  ['DELETE', MODEL, 'Unregister a model that no alias needs', json({}), { errors: [400] }],
  ['POST', `${MODEL}/load`, 'Load a model ahead of its use', status, { request: json(wait) }],
  ['PUT', `${MODEL}/pin`, 'Keep a model loaded once it is', json(modelMembers)],
  ['DELETE', `${MODEL}/pin`, 'Let a model go again when others need its place', json(modelMembers)],
  [
    'GET',
    ALIASES,
    'Aliases, in pages as models are',
    json({ aliases: { type: 'array', items: { type: 'object', properties: aliasMembers } }, next: text }),
  ],
  ['GET', ALIAS, 'One alias', json(aliasMembers), { errors: [404] }],
  [
    'PUT',
    ALIAS,
    'Make an alias, or move it to another model',
    json(aliasMembers),
    {
      request: json(
        {
          target_model: text,
          model: {
            type: 'object',
            properties: source,
            description: 'Registers the target if it is not there.',
          },
          auto_delete_target_model: {
            ...flag,
            description: 'Unregister the target when no alias needs it any more.',
          },
          update_only: flag,
          force: { ...flag, description: 'Move at once, whether the target is loaded or not.' },
          load_now: flag,
          sync: wait.sync,
          expected_target_model: text,
          owner: text,
        },
        ['target_model'],
      ),
      errors: [400, 404, 409],
    },
  ],
  ['DELETE', ALIAS, 'Remove an alias', json({})],
]

/** Routes of a server that is a mesh of its own. */
export const MESH_OPERATIONS: readonly Operation[] = ROWS.map(([method, path, summary, answer, more]) => ({
  method,
  path,
  tag: 'Mesh',
  summary,
  answer,
  ...more,
}))
