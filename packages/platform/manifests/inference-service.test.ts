import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { InferenceService, Predictor } from './inference-service.ts'
import { readManifests, writeManifest } from './manifest-file.ts'
import { registrationOfInferenceService, registrationOfPredictor } from './mesh-registration.ts'
import { readStorageUri } from './model-location.ts'

const isvc = (model: unknown, name = 'digits'): InferenceService => ({
  apiVersion: 'serving.kserve.io/v1beta1',
  kind: 'InferenceService',
  metadata: { name, annotations: { 'serving.kserve.io/deploymentMode': 'ModelMesh' } },
  spec: { predictor: { model: model as NonNullable<InferenceService['spec']['predictor']['model']> } },
})

const predictor = (spec: unknown): Predictor => ({
  apiVersion: 'serving.kserve.io/v1alpha1',
  kind: 'Predictor',
  metadata: { name: 'digits' },
  spec: spec as Predictor['spec'],
})

const SKLEARN = { modelFormat: { name: 'sklearn', version: '0' } }

function idOf(model: object): string | undefined {
  return registrationOfInferenceService(isvc(model))?.targetModelId
}

function typeOf(model: object): string | undefined {
  return registrationOfInferenceService(isvc({ ...SKLEARN, storageUri: 's3://b/p', ...model }))?.modelInfo
    .type
}

suite('what a mesh is told of a model', () => {
  test('an InferenceService and a Predictor that say the same become the same model', () => {
    const storage = {
      key: 'store1',
      path: 'sk/digits.joblib',
      schemaPath: 'sk/digits.json',
      parameters: { bucket: 'models' },
    }
    const one = registrationOfInferenceService(isvc({ ...SKLEARN, storage }))
    const { path, schemaPath, ...rest } = storage
    const other = registrationOfPredictor(
      predictor({ modelType: SKLEARN.modelFormat, path, schemaPath, storage: rest }),
    )
    assert.deepEqual(one?.modelInfo, other.modelInfo)
    assert.deepEqual(one?.modelInfo, {
      type: 'mt:sklearn:0',
      path: 'sk/digits.joblib',
      key: '{"storage_key":"store1","storage_params":{"bucket":"models"},"model_type":{"name":"sklearn","version":"0"},"schema_path":"sk/digits.json"}',
    })
    assert.match(one.targetModelId, /^digits__isvc-[0-9a-f]{10}$/)
    assert.match(other.targetModelId, /^digits__ksp-[0-9a-f]{10}$/)
    assert.deepEqual([one?.vModelId, one?.owner, other.owner], ['digits', 'isvc', 'ksp'])
  })

  test('the id changes with the resource, and with nothing else', () => {
    const storageUri = 's3://models/a'
    assert.equal(
      idOf({ ...SKLEARN, storageUri }),
      idOf({ storageUri, modelFormat: { version: '0', name: 'sklearn' } }),
    )
    assert.notEqual(idOf({ ...SKLEARN, storageUri }), idOf({ ...SKLEARN, storageUri: 's3://models/b' }))
  })

  test('a runtime that is named, and a protocol, choose the place', () => {
    assert.equal(typeOf({ runtime: 'mlserver-1.x' }), 'rt:mlserver-1.x')
    assert.equal(typeOf({ protocolVersion: 'grpc-v2' }), 'mt:sklearn:0|pv:grpc-v2')
  })

  test('every form of a storage URI', () => {
    assert.deepEqual(readStorageUri('s3://bucket/a/b'), {
      path: 'a/b',
      parameters: { type: 's3', bucket: 'bucket' },
    })
    assert.deepEqual(readStorageUri('gs://bucket/a'), {
      path: 'a',
      parameters: { type: 'gcs', bucket: 'bucket' },
    })
    assert.deepEqual(readStorageUri('pvc://claim/a%20b'), {
      path: 'a b',
      parameters: { type: 'pvc', name: 'claim' },
    })
    assert.deepEqual(readStorageUri('https://host:8443/a?x=1'), {
      path: 'a?x=1',
      parameters: { type: 'http', url: 'https://host:8443' },
    })
    assert.deepEqual(readStorageUri('https://acc.blob.core.windows.net/box/a/b'), {
      path: 'a/b',
      parameters: { type: 'azure', account_name: 'acc', container: 'box' },
    })
    for (const uri of [
      'ftp://host/a',
      'nothing',
      's3:///a',
      'https://acc.blob.core.windows.net/box',
      's3://b/%zz',
    ]) {
      assert.equal(readStorageUri(uri), undefined, uri)
    }
  })
})

suite('rules of models', () => {
  const refusals: Readonly<Record<string, readonly [InferenceService | Predictor, RegExp]>> = {
    'both places': [
      isvc({ ...SKLEARN, storageUri: 's3://b/p', storage: { path: 'p' } }),
      /storageUri: cannot be given together with storage\.path/,
    ],
    'no place': [isvc(SKLEARN), /storage: is missing; give storage\.path, or storageUri/],
    'a storage without a path': [isvc({ ...SKLEARN, storage: { key: 'k' } }), /storage\.path: is missing/],
    'an unknown scheme': [
      isvc({ ...SKLEARN, storageUri: 'ftp://h/p' }),
      /storageUri: "ftp:\/\/h\/p" cannot be read; allowed are s3:/,
    ],
    'no format': [isvc({ storageUri: 's3://b/p' }), /modelFormat\.name: is missing/],
    'no model': [isvc(undefined), /spec\.predictor\.model: is missing/],
    'no storage of a Predictor': [
      predictor({ modelType: { name: 'x' }, path: 'p' }),
      /spec\.storage: Predictor Storage field missing/,
    ],
    'a claim': [
      predictor({ modelType: { name: 'x' }, path: 'p', storage: { persistentVolumeClaim: {} } }),
      /persistentVolumeClaim: is not supported/,
    ],
    'two paths': [
      predictor({ modelType: { name: 'x' }, path: 'p', storage: { path: 'p' } }),
      /spec\.path: the path must be given either here or/,
    ],
    'an unknown need of a GPU': [
      predictor({ modelType: { name: 'x' }, path: 'p', storage: {}, gpu: 'yes' }),
      /spec\.gpu: "yes" is not known/,
    ],
  }
  for (const [rule, [manifest, told]] of Object.entries(refusals)) {
    test(rule, () => assert.throws(() => readManifests(writeManifest(manifest, 'yaml'), 'f'), told))
  }

  test('the form that is older than model passes', () => {
    const old = { ...isvc(undefined), spec: { predictor: { sklearn: { storageUri: 's3://b/p' } } } }
    assert.equal(readManifests(writeManifest(old, 'yaml'), 'f').length, 1)
    assert.equal(registrationOfInferenceService(old), undefined)
  })
})
