import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { modelVariables, readModelSettings } from './model-settings-file.ts'
import { modelSettingsJsonSchema } from './model-settings-schema.ts'

let folder = ''
let path = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'model-'))
  path = join(folder, 'model-settings.json')
})
afterEach(() => rm(folder, { recursive: true }))

async function read(
  content: object,
  environment: Record<string, string> = {},
  dotenv: Record<string, string> = {},
) {
  await writeFile(path, JSON.stringify(content))
  const settings = await readModelSettings(path, [
    modelVariables(environment, 'environment'),
    modelVariables(dotenv, '.env'),
  ])
  assert.ok(settings)
  return settings
}

const implementation = './model.ts:Sum'

test('the least a file must say', async () => {
  assert.deepEqual(await read({ implementation }), {
    name: basename(folder),
    version: undefined,
    implementation,
    folder,
    uri: folder,
    platform: '',
    versionNotes: [],
    inputs: [],
    outputs: [],
    enforceContract: true,
    contentType: undefined,
    extra: {},
    parameters: {},
    settingsFile: path,
    implementationOrigin: path,
    recognisedBy: undefined,
    maxBatchSize: 0,
    maxQueueDelayMs: 0,
    isCacheEnabled: false,
    allowsWorkers: true,
    loadTimeoutMs: undefined,
    maxConcurrentRequests: undefined,
    placement: 'auto',
    isPinned: false,
    memoryPriority: 0,
    memoryIdleMs: undefined,
    warmUpFiles: [],
    warnings: [],
  })
})

test('everything a file can say', async () => {
  const settings = await read({
    $schema: 'urn:millrace:model-settings',
    name: 'fraud',
    implementation,
    platform: 'onnx',
    versions: ['sklearn/1.3'],
    memory_pinned: true,
    memory_priority: -3,
    memory_idle: 1.5,
    max_batch_size: 32,
    max_batch_time: 0.02,
    enforce_contract: false,
    parallel_workers: 0,
    inputs: [
      {
        name: 'rows',
        datatype: 'FP32',
        shape: [-1, 16],
        parameters: { content_type: 'np', unit: 'm' },
        profile: 'NUMERICAL',
      },
      { name: 'note', datatype: 'BYTES', shape: [], optional: true },
    ],
    outputs: [{ name: 'score', datatype: 'FP64', shape: [-1] }],
    parameters: {
      version: '3',
      uri: './weights.bin',
      content_type: 'str',
      extra: { threshold: 0.7 },
      own: [1],
    },
  })
  assert.deepEqual(settings, {
    name: 'fraud',
    version: '3',
    implementation,
    folder,
    uri: join(folder, 'weights.bin'),
    platform: 'onnx',
    versionNotes: ['sklearn/1.3'],
    inputs: [
      {
        name: 'rows',
        datatype: 'FP32',
        shape: [-1, 16],
        contentType: 'np',
        profile: 'NUMERICAL',
        isOptional: undefined,
        parameters: { content_type: 'np', unit: 'm' },
      },
      {
        name: 'note',
        datatype: 'BYTES',
        shape: [],
        contentType: undefined,
        profile: undefined,
        isOptional: true,
        parameters: undefined,
      },
    ],
    outputs: [
      {
        name: 'score',
        datatype: 'FP64',
        shape: [-1],
        contentType: undefined,
        profile: undefined,
        isOptional: undefined,
        parameters: undefined,
      },
    ],
    enforceContract: false,
    contentType: 'str',
    extra: { threshold: 0.7 },
    parameters: {
      version: '3',
      uri: './weights.bin',
      content_type: 'str',
      extra: { threshold: 0.7 },
      own: [1],
    },
    settingsFile: path,
    implementationOrigin: path,
    recognisedBy: undefined,
    maxBatchSize: 32,
    maxQueueDelayMs: 20,
    isCacheEnabled: false,
    allowsWorkers: false,
    loadTimeoutMs: undefined,
    maxConcurrentRequests: undefined,
    placement: 'auto',
    isPinned: true,
    memoryPriority: -3,
    memoryIdleMs: 1500,
    warmUpFiles: [],
    warnings: [],
  })
})

test('file before environment before .env; parameters and extra merge', async () => {
  const environment = {
    MLSERVER_MODEL_PLATFORM: 'from environment',
    MLSERVER_MODEL_MAX_BATCH_SIZE: '4',
    MILLRACE_MODEL_ENFORCE_CONTRACT: 'false',
    mlserver_model_content_type: 'str',
    MLSERVER_MODEL_VERSION: '9',
    MLSERVER_MODEL_EXTRA: '{"a":1,"b":{"c":1}}',
  }
  const dotenv = {
    MLSERVER_MODEL_PLATFORM: 'from .env',
    MLSERVER_MODEL_FORMAT: 'zip',
    MLSERVER_MODEL_IMPLEMENTATION: 'onnx',
  }
  const content = { max_batch_size: 8, parameters: { version: '1', extra: { b: { d: 2 } } } }
  const settings = await read(content, environment, dotenv)
  assert.equal(settings.platform, 'from environment')
  assert.equal(settings.maxBatchSize, 8)
  assert.equal(settings.enforceContract, false)
  assert.equal(settings.version, '1')
  assert.equal(settings.contentType, 'str')
  assert.deepEqual(settings.extra, { a: 1, b: { c: 1, d: 2 } })
  assert.equal(settings.parameters['format'], 'zip')
  assert.equal(settings.implementation, 'onnx')
  assert.equal(settings.implementationOrigin, '.env MLSERVER_MODEL_IMPLEMENTATION')
})

test('parameters of null are as good as none', async () => {
  const settings = await read({ implementation, parameters: null }, { MLSERVER_MODEL_VERSION: '2' })
  assert.equal(settings.version, undefined)
  assert.equal(settings.uri, folder)
})

const uriOf = async (uri: string) => (await read({ implementation, parameters: { uri } })).uri

test('where uri may lead', async () => {
  assert.equal(await uriOf('../x'), join(folder, '../x'))
  assert.equal(await uriOf('/mnt/models'), '/mnt/models')
  assert.equal(await uriOf('file:///mnt/models'), '/mnt/models')
  assert.equal(await uriOf('s3://bucket/key'), 's3://bucket/key')
  assert.equal(await uriOf(''), folder)
})

test('mistakes name the file or variable, the field, the value and what is allowed', async () => {
  const tensor = { name: 'a', datatype: 'FP32', shape: [1] }
  const cases: [content: object, message: string][] = [
    [
      { inputs: [{ ...tensor, datatype: 'FP31' }] },
      'inputs[0].datatype is "FP31"; allowed is one of BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP16, FP32, FP64, BF16, BYTES',
    ],
    [
      { inputs: [tensor, { ...tensor, name: 'b', shape: [-2] }] },
      'inputs[1].shape[0] is -2; allowed is a whole number from -1 to 9007199254740991',
    ],
    [
      { outputs: [{ datatype: 'FP32', shape: [1] }] },
      'outputs[0].name is missing; it must be a text that is not empty',
    ],
    [
      { outputs: [{ ...tensor, profile: 'MOOD' }] },
      'outputs[0].profile is "MOOD"; allowed is one of NONE, CATEGORICAL, NOMINAL, ORDINAL, NUMERICAL, CONTINUOUS, INTERVAL, RATIO, IMAGE, VIDEO, AUDIO, TEXT',
    ],
    [{ inputs: [tensor, tensor] }, 'inputs[1].name is "a", which an earlier tensor has; names must differ'],
    [{ inputs: { a: tensor } }, 'inputs is an object; allowed is a list'],
    [
      { parameters: { version: 3 } },
      'parameters.version is 3; allowed is a text of 0 to 256 characters or null; write it in quotes: "3"',
    ],
    [
      { parameters: { version: 'v\n1' } },
      'parameters.version is "v\\n1"; it must not have control characters',
    ],
    [{ parameters: { extra: [] } }, 'parameters.extra is a list of 0; allowed is an object'],
    [{ name: 7 }, 'name is 7; allowed is a text of 0 to 256 characters; write it in quotes: "7"'],
    [{ name: '..' }, 'name is ".."; a URL cannot hold this name'],
    [{ name: 'x'.repeat(257) }, `name is "${'x'.repeat(99)}…; allowed is a text of 0 to 256 characters`],
    [{ max_batch_time: -2 }, 'max_batch_time is -2; allowed is a number from -1 to 3600'],
    [{ enforce_contract: 'perhaps' }, 'enforce_contract is "perhaps"; allowed is true or false'],
    [
      { implementation: '' },
      'implementation is missing, and no file shows what the model is; name the class in the file, as in "./model.ts:Sum", or in MLSERVER_MODEL_IMPLEMENTATION',
    ],
    [{ implementation: null }, 'implementation is null; allowed is a text'],
  ]
  for (const [content, message] of cases) {
    await assert.rejects(read({ implementation, ...content }), {
      code: 'INVALID_ARGUMENT',
      message: `${path}: ${message}`,
    })
  }
  await assert.rejects(read({ implementation }, { MLSERVER_MODEL_MAX_BATCH_SIZE: 'x' }), {
    message:
      'environment MLSERVER_MODEL_MAX_BATCH_SIZE: max_batch_size is "x"; allowed is a whole number from -1 to 1000000',
  })
  await assert.rejects(read({ implementation }, { MLSERVER_MODEL_EXTRA: 'x' }), {
    message: 'environment MLSERVER_MODEL_EXTRA, line 1, column 1: expected a value, found "x"',
  })
  await assert.rejects(read({}), { code: 'INVALID_ARGUMENT' })
})

test('unknown fields, misspelt variables and fields without effect are reported', async () => {
  const content = {
    implementation,
    max_batchsize: 3,
    warm_workers: true,
    parameters: { own: 1 },
  }
  const settings = await read(content, { MLSERVER_MODEL_URL: 'x', MLSERVER_MODEL_REPOSITORY_ROOT: '.' })
  assert.deepEqual(settings.warnings, [
    `${path}: max_batchsize is not a setting; did you mean 'max_batch_size'?`,
    'environment MLSERVER_MODEL_URL is not a setting; did you mean MLSERVER_MODEL_URI?',
    `${path}: warm_workers is set to true: a model is ready only when every worker of its pool has it`,
  ])
})

test('the JSON schema: every field has a title and a description', () => {
  const schema = modelSettingsJsonSchema()
  assert.equal(schema['$id'], 'urn:millrace:model-settings')
  let count = 0
  const check = (node: Record<string, unknown>) => {
    for (const [name, field] of Object.entries(
      (node['properties'] ?? {}) as Record<string, Record<string, unknown>>,
    )) {
      count++
      assert.ok(field['title'] && field['description'], name)
      check(field)
      check((field['items'] ?? {}) as Record<string, unknown>)
    }
  }
  check(schema)
  assert.ok(count > 30)
})
