import { type TSchema, Type } from 'typebox'
import { Errors } from 'typebox/value'
import { shown, type Violation } from './violation.ts'

// Types of what the rules look at and nothing else: what must be there is the rules' affair, and what is unknown passes.
const text = Type.Optional(Type.String())
const truth = Type.Optional(Type.Boolean())
const texts = Type.Optional(Type.Record(Type.String(), Type.String()))
const list = (items: TSchema) => Type.Optional(Type.Array(items))
const object = (fields: Record<string, TSchema>) => Type.Object(fields)
const optional = (fields: Record<string, TSchema>) => Type.Optional(Type.Object(fields))

const metadata = object({ name: text, namespace: text, labels: texts, annotations: texts })
const variable = object({ name: text })
const quantities = Type.Optional(Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])))
const container = object({
  name: text,
  image: text,
  command: list(Type.String()),
  args: list(Type.String()),
  env: list(variable),
  ports: list(object({ containerPort: Type.Optional(Type.Integer()), name: text })),
  resources: optional({ requests: quantities, limits: quantities }),
})
const location = { key: text, path: text, schemaPath: text, parameters: texts }

const servingRuntime = object({
  metadata,
  spec: object({
    supportedModelFormats: list(object({ name: text, autoSelect: truth })),
    protocolVersions: list(Type.String()),
    multiModel: truth,
    disabled: truth,
    grpcEndpoint: text,
    grpcDataEndpoint: text,
    httpDataEndpoint: text,
    storageHelper: optional({ disabled: truth }),
    builtInAdapter: optional({ serverType: text, env: list(variable) }),
    containers: list(container),
    volumes: list(object({ name: text })),
  }),
})

const inferenceService = object({
  metadata,
  spec: object({
    predictor: optional({
      model: optional({
        modelFormat: optional({ name: text }),
        runtime: text,
        protocolVersion: text,
        storageUri: text,
        storage: optional(location),
      }),
    }),
  }),
})

const predictor = object({
  metadata,
  spec: object({
    modelType: optional({ name: text }),
    path: text,
    schemaPath: text,
    runtime: optional({ name: text }),
    protocolVersion: text,
    gpu: text,
    storage: optional({ ...location, s3: optional({ secretKey: text, bucket: text }) }),
  }),
})

const SHAPES = {
  ServingRuntime: servingRuntime,
  ClusterServingRuntime: servingRuntime,
  InferenceService: inferenceService,
  Predictor: predictor,
} as const

export type ManifestKind = keyof typeof SHAPES

/** What in a manifest is of another type than its field, so that rules need not look at types. */
export function checkShape(kind: ManifestKind, manifest: object): readonly Violation[] {
  const errors = Errors(SHAPES[kind], manifest)
  return errors.map(({ instancePath, message }) => ({
    path: pathOf(instancePath),
    message: `${message}; found ${shown(valueAt(manifest, instancePath))}`,
  }))
}

function stepsOf(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function pathOf(pointer: string): string {
  const path = stepsOf(pointer)
    .map(step =>
      /^\d+$/.test(step) ? `[${step}]` : /^[A-Za-z_]\w*$/.test(step) ? `.${step}` : `['${step}']`,
    )
    .join('')
  return path.replace(/^\./, '')
}

function valueAt(root: object, pointer: string): unknown {
  return stepsOf(pointer).reduce<unknown>(
    (value, step) => (value as Record<string, unknown> | undefined)?.[step],
    root,
  )
}
