import { formatShape, type ModelContract, type TensorSpec } from '@millrace/sdk'
import type { ModelMetadata, ServerMetadata } from '../../../dataplane/index.ts'
import { exampleGenerate, exampleRequest } from './example-requests.ts'
import { MESH_OPERATIONS } from './mesh-operations.ts'
import { type Body, MODEL_OPERATIONS, OPERATIONS, type Operation, VERSION_PATH } from './operations.ts'
import { reference, SCHEMAS, type Schema } from './schemas.ts'

const OPENAPI = '3.1.0'

/** The OpenAPI document of everything that the REST listener answers, models' own routes apart. */
export function serverDocument(
  { name, version }: ServerMetadata,
  rootPath: string,
  hasMesh: boolean,
): Schema {
  const operations = hasMesh ? [...OPERATIONS, ...MESH_OPERATIONS] : OPERATIONS
  return {
    openapi: OPENAPI,
    info: {
      title: 'Data Plane',
      version,
      description: `REST of ${name}: the Open Inference Protocol and its extensions.`,
    },
    servers: serversOf(rootPath),
    tags: tagsOf(operations),
    paths: pathsOf(operations, {}, null),
    components: { schemas: SCHEMAS },
  }
}

/**
 * The OpenAPI document of one model, with its name in the paths, its inputs and outputs, and an example.
 * With a version it has the paths of that version alone; without one it has both forms.
 */
export function modelDocument(
  metadata: ModelMetadata,
  version: string | undefined,
  server: ServerMetadata,
  rootPath: string,
): Schema {
  const operations =
    version === undefined
      ? MODEL_OPERATIONS
      : MODEL_OPERATIONS.filter(({ path }) => path.startsWith(VERSION_PATH))
  return {
    openapi: OPENAPI,
    info: {
      title: `Data Plane for Model ${metadata.name}`,
      version: version ?? metadata.versions[0] ?? server.version,
      description: contractText(metadata),
    },
    servers: serversOf(rootPath),
    tags: tagsOf(operations),
    paths: pathsOf(
      operations,
      { model: metadata.name, ...(version === undefined ? {} : { version }) },
      metadata,
    ),
    components: { schemas: { ...SCHEMAS, ...contractSchemas(metadata) } },
  }
}

function serversOf(rootPath: string): readonly Schema[] {
  return [{ url: rootPath === '' ? '/' : rootPath }]
}

function tagsOf(operations: readonly Operation[]): readonly Schema[] {
  return [...new Set(operations.map(({ tag }) => tag))].map(name => ({ name }))
}

type Known = Readonly<{ [parameter: string]: string }>

/** What the protocol calls the parameters of the router's patterns. */
const PARAMETER_NAMES: ReadonlyMap<string, string> = new Map([
  ['model', 'model_name'],
  ['version', 'model_version'],
])

function pathsOf(
  operations: readonly Operation[],
  known: Known,
  contract: ModelContract | null,
): Record<string, Schema> {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const operation of operations) {
    const parameters: Schema[] = []
    const path = operation.path.replace(/:(\w+)/g, (_, parameter: string) => {
      const value = known[parameter]
      if (value !== undefined) return encodeURIComponent(value)
      const name = PARAMETER_NAMES.get(parameter) ?? parameter
      parameters.push({ name, in: 'path', required: true, schema: { type: 'string' } })
      return `{${name}}`
    })
    paths[path] ??= {}
    paths[path][operation.method.toLowerCase()] = describe(operation, parameters, contract)
  }
  return paths
}

function describe(
  { method, path, tag, summary, request, answer, errors = [] }: Operation,
  parameters: readonly Schema[],
  contract: ModelContract | null,
): Schema {
  const isOffered = tag !== 'Not offered'
  const statuses = path.includes(':model') && isOffered ? new Set([404, ...errors]) : new Set(errors)
  return {
    tags: [tag],
    summary,
    operationId: `${method.toLowerCase()}${path.replace(/[^A-Za-z\d]+/g, '_')}`,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(request === undefined
      ? {}
      : { requestBody: { required: tag === 'Inference', content: contentOf(request, path, contract) } }),
    responses: {
      ...(isOffered
        ? {
            200: {
              description: 'Success',
              ...(isEmpty(answer) ? {} : { content: contentOf(answer, '', null) }),
            },
          }
        : {}),
      ...Object.fromEntries(Array.from(statuses, status => [status, errorAnswer(tag)])),
      ...(isOffered ? { default: errorAnswer('Inference') } : {}),
    },
  }
}

function errorAnswer(tag: Operation['tag']): Schema {
  // Probes look at the status alone.
  if (tag === 'Health') return { description: 'Not now' }
  return { description: 'Error', content: { 'application/json': { schema: reference('Error') } } }
}

function contentOf(body: Body, path: string, contract: ModelContract | null): Schema {
  return Object.fromEntries(
    Object.entries(body).map(([mediaType, schema]) => {
      const examples = mediaType === 'application/json' && contract !== null ? examplesOf(path, contract) : {}
      return [mediaType, { schema, ...(isEmpty(examples) ? {} : { examples }) }]
    }),
  )
}

function examplesOf(path: string, { inputs }: ModelContract): Schema {
  const isGenerate = /\/generate(?:_stream)?$/.test(path)
  const text = isGenerate ? exampleGenerate(inputs) : undefined
  const request = exampleRequest(inputs)
  return {
    ...(text === undefined ? {} : { text: { summary: 'A text', value: text } }),
    ...(request === undefined ? {} : { request: { summary: 'An inference request', value: request } }),
  }
}

/** Where a model declares its inputs and outputs, no other names are shown. */
function contractSchemas({ inputs, outputs }: ModelContract): Record<string, Schema> {
  return { ...declaredAs('RequestInput', inputs), ...declaredAs('ResponseOutput', outputs) }
}

function declaredAs(
  base: 'RequestInput' | 'ResponseOutput',
  specs: readonly TensorSpec[],
): Record<string, Schema> {
  if (specs.length === 0) return {}
  const anyOf = specs.map(({ name, datatype }) => ({
    properties: { name: { const: name }, datatype: { const: datatype } },
  }))
  return { [base]: { ...SCHEMAS[base], anyOf } }
}

function contractText({ inputs, outputs }: ModelContract): string {
  return `${tableOf('Inputs', inputs)}\n\n${tableOf('Outputs', outputs)}`
}

function tableOf(title: string, specs: readonly TensorSpec[]): string {
  if (specs.length === 0) return `**${title}** are not declared.`
  const rows = specs.map(({ name, datatype, shape, contentType, isOptional }) =>
    [
      asCode(name),
      datatype,
      formatShape(shape),
      contentType === undefined ? '' : asCode(contentType),
      isOptional === true ? 'optional' : '',
    ].join(' | '),
  )
  return [`**${title}**`, '', '| Name | Datatype | Shape | Content type | |', '|---|---|---|---|---|']
    .concat(rows.map(row => `| ${row} |`))
    .join('\n')
}

/** A model's own names in Markdown: shown as they are, whatever they contain. */
function asCode(text: string): string {
  return `\`${text.replace(/[`|\n\r]/g, ' ')}\``
}

function isEmpty(object: object): boolean {
  return Object.keys(object).length === 0
}
