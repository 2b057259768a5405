import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Ajv, type ValidateFunction } from 'ajv'
import { parseAllDocuments } from 'yaml'
import type { Predictor } from './inference-service.ts'
import { inferenceServiceManifest } from './inference-service-manifest.ts'
import { kserveRuntime } from './kserve-runtime.ts'
import { type Manifest, readManifests, writeManifest } from './manifest-file.ts'
import { OPTIONS, soundRuntime } from './manifest-fixture.ts'

// The definitions are published by KServe and ModelMesh and no part of this repository. A folder of them lies beside a
// developer's checkout, or is named by a variable.
const root = fileURLToPath(new URL('../../..', import.meta.url))
const folder = process.env['MILLRACE_TEST_CRDS'] ?? join(dirname(root.replace(/\/$/, '')), 'shared/data/crds')
const skip = existsSync(folder)
  ? false
  : `there are no CustomResourceDefinitions in ${folder}; MILLRACE_TEST_CRDS names another folder`

interface Definition {
  readonly spec: {
    readonly names: { readonly kind: string }
    readonly versions: readonly {
      readonly name: string
      readonly schema: { readonly openAPIV3Schema: object }
    }[]
  }
}

const MANIFESTS: Readonly<Record<string, Manifest>> = {
  'behind the adapter': soundRuntime({ isDebugging: true, loadingConcurrency: 2, replicas: 2 }),
  'without an adapter, on ports': soundRuntime({ usesAdapter: false }),
  'without an adapter, on sockets': soundRuntime({
    usesAdapter: false,
    socketFolder: '/sock',
    usesStorageHelper: false,
  }),
  'of KServe over REST': kserveRuntime({ ...OPTIONS, protocol: 'v2', command: ['millrace', 'serve'] }),
  'of KServe over gRPC': kserveRuntime({ ...OPTIONS, protocol: 'grpc-v2' }),
  'of a model in a storage': inferenceServiceManifest({
    name: 'm',
    namespace: 'n',
    format: { name: 'f', version: '1' },
    runtime: 'r',
    protocol: 'grpc-v2',
    location: { storage: { key: 'k', path: 'p', schemaPath: 's', parameters: { bucket: 'b' } } },
    isForMesh: true,
  }),
  'of a model by its URI': inferenceServiceManifest({
    name: 'm',
    format: { name: 'f' },
    location: { storageUri: 's3://b/p' },
    isForMesh: false,
  }),
  'of a Predictor': {
    apiVersion: 'serving.kserve.io/v1alpha1',
    kind: 'Predictor',
    metadata: { name: 'm' },
    spec: {
      modelType: { name: 'sklearn', version: '0' },
      path: 'p',
      storage: { s3: { secretKey: 'k', bucket: 'b' } },
    },
  } satisfies Predictor,
}

suite('manifests and the published definitions', { skip }, () => {
  const validators = new Map<string, [source: string, validate: ValidateFunction][]>()
  if (skip === false) {
    const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true })
    for (const source of readdirSync(folder).filter(name => name.endsWith('.yaml'))) {
      for (const document of parseAllDocuments(readFileSync(join(folder, source), 'utf8'))) {
        const definition = document.toJS() as Definition | null
        for (const { schema } of definition?.spec.versions ?? []) {
          const { kind } = definition!.spec.names
          const validate = ajv.compile(closed(schema.openAPIV3Schema))
          validators.set(kind, [...(validators.get(kind) ?? []), [source, validate]])
        }
      }
    }
  }

  for (const [what, manifest] of Object.entries(MANIFESTS)) {
    test(`the manifest ${what} has every field that is needed, and none that is unknown`, () => {
      // A cluster's runtime has the same definition under another name.
      const among = validators.get(manifest.kind) ?? []
      const own = among.filter(([source]) => fits(source, manifest))
      assert.ok(own.length > 0, manifest.kind)
      for (const [source, validate] of own) {
        assert.ok(validate(manifest), `${source}: ${JSON.stringify(validate.errors)}`)
      }
    })
  }

  test('they do refuse what they do not know', () => {
    for (const [, validate] of validators.get('ServingRuntime') ?? []) {
      assert.equal(
        validate({ ...soundRuntime(), spec: { ...soundRuntime().spec, grpcEndpiont: 'x' } }),
        false,
      )
    }
  })
})

for (const [what, manifest] of Object.entries(MANIFESTS)) {
  for (const format of ['yaml', 'json'] as const) {
    test(`the manifest ${what} is read from ${format} as it was written`, () => {
      assert.deepEqual(readManifests(writeManifest(manifest, format), 'f'), [
        JSON.parse(JSON.stringify(manifest)),
      ])
    })
  }
}

/** ModelMesh's older definitions know less of what only KServe's single-model serving has. */
function fits(source: string, manifest: Manifest): boolean {
  const isForKServe = manifest.kind === 'ServingRuntime' && manifest.spec.multiModel !== true
  return !(isForKServe && source.startsWith('modelmesh-'))
}

/** Kubernetes drops fields that a definition does not have; here they are an error, so that none is misspelt. */
function closed(schema: object): object {
  return JSON.parse(JSON.stringify(schema), (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('properties' in value) || !('type' in value))
      return value
    if ('x-kubernetes-preserve-unknown-fields' in value || 'additionalProperties' in value) return value
    // A field named `properties` is none of a schema.
    return typeof value.type === 'string' ? { ...value, additionalProperties: false } : value
  }) as object
}
