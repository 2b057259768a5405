import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { EXIT } from '../exit-codes.ts'
import { runCommand, testFolder } from '../test-command.ts'

const SETTINGS =
  '{"name": "My_Model", "implementation": "./model.ts:MyModel", "platform": "my-format", "versions": ["1", "2"]}'
const IMAGE = ['--image', 'registry.example.com/my-model:1']
/** As the original page has it. */
const ORIGINAL_VARIABLES = {
  MLSERVER_MODELS_DIR: '/models/_mlserver_models/',
  MLSERVER_GRPC_PORT: '8001',
  MLSERVER_HTTP_PORT: '8002',
  MLSERVER_LOAD_MODELS_AT_STARTUP: 'false',
  MLSERVER_MODEL_NAME: 'dummy-model',
  MLSERVER_HOST: '127.0.0.1',
  MLSERVER_GRPC_MAX_MESSAGE_LENGTH: '-1',
}

interface WrittenRuntime {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly spec: Record<string, unknown> & {
    readonly containers: readonly {
      readonly name: string
      readonly command?: readonly string[]
      readonly env: readonly { readonly name: string; readonly value: string }[]
      readonly resources: unknown
    }[]
  }
}

async function write(t: Parameters<typeof runCommand>[0], flags: readonly string[], settings = SETTINGS) {
  const folder = await testFolder(t, { 'model-settings.json': settings })
  const { exitCode, stdout, stderr } = await runCommand(t, [
    'manifest',
    'serving-runtime',
    folder,
    ...IMAGE,
    ...flags,
  ])
  assert.deepEqual([exitCode, stderr], [EXIT.ok, ''])
  const runtime = parse(stdout) as WrittenRuntime
  const [container] = runtime.spec.containers
  return {
    runtime,
    container: container!,
    variables: Object.fromEntries(container!.env.map(({ name, value }) => [name, value])),
  }
}

suite('millrace manifest serving-runtime', () => {
  test('writes the resource of the original page', async t => {
    const { runtime, container, variables } = await write(t, ['--env', 'LEVEL=3'])
    const { containers, supportedModelFormats, ...spec } = runtime.spec
    assert.equal(runtime.metadata.name, 'my-model')
    assert.equal(containers.length, 1)
    assert.deepEqual(supportedModelFormats, [
      { name: 'my-format', version: '1', autoSelect: true },
      { name: 'my-format', version: '2', autoSelect: true },
    ])
    assert.deepEqual(spec, {
      protocolVersions: ['grpc-v2'],
      multiModel: true,
      grpcEndpoint: 'port:8085',
      grpcDataEndpoint: 'port:8001',
      builtInAdapter: {
        serverType: 'mlserver',
        runtimeManagementPort: 8001,
        memBufferBytes: 134_217_728,
        modelLoadingTimeoutMillis: 90_000,
      },
    })
    assert.equal(container.name, 'mlserver')
    assert.deepEqual(container.command, [
      '/model/node_modules/.bin/millrace',
      'serve',
      '/models/_mlserver_models/',
    ])
    assert.deepEqual(variables, {
      ...ORIGINAL_VARIABLES,
      MLSERVER_MODEL_IMPLEMENTATION: '/model/model.ts:MyModel',
      LEVEL: '3',
    })
    assert.deepEqual(container.resources, {
      requests: { cpu: '500m', memory: '1Gi' },
      limits: { cpu: '5', memory: '1Gi' },
    })
  })

  test("leaves a Python class, and what the image runs, as they are; --debug adds the page's variables", async t => {
    const { container, variables } = await write(
      t,
      ['--debug', '--format', 'f:1'],
      '{"name": "m", "implementation": "custom_model.CustomMLModel"}',
    )
    assert.equal(container.command, undefined)
    assert.equal(variables['MLSERVER_MODEL_IMPLEMENTATION'], 'custom_model.CustomMLModel')
    assert.equal(variables['MLSERVER_DEBUG'], 'true')
    assert.equal(variables['MLSERVER_MODEL_PARALLEL_WORKERS'], '0')
  })

  test('--kserve and --no-adapter', async t => {
    const single = await write(t, ['--kserve', '--protocol', 'grpc-v2', '--cluster', '--no-auto-select'])
    assert.equal(single.runtime.kind, 'ClusterServingRuntime')
    assert.equal(single.container.name, 'kserve-container')
    assert.equal(single.variables['MLSERVER_MODEL_URI'], '/mnt/models')
    assert.deepEqual(single.runtime.spec['protocolVersions'], ['grpc-v2'])
    const direct = await write(t, [
      '--no-adapter',
      '--sockets',
      '/sock',
      '--no-storage-helper',
      '--namespace',
      'n',
    ])
    assert.equal(direct.runtime.metadata.namespace, 'n')
    assert.equal(direct.runtime.spec['grpcEndpoint'], 'unix:/sock/control.sock')
    assert.deepEqual(direct.runtime.spec['storageHelper'], { disabled: true })
    assert.equal(direct.runtime.spec['builtInAdapter'], undefined)
  })

  const MISTAKES: Readonly<
    Record<string, readonly [flags: readonly string[], message: RegExp, settings?: string]>
  > = {
    'no format anywhere': [[], /say which format .* --format my-format:1, or set platform/, '{"name": "m"}'],
    'sockets for the adapter': [['--sockets', '/sock'], /--sockets needs --no-adapter/],
    'a storage helper of the adapter': [['--no-storage-helper'], /--no-storage-helper needs --no-adapter/],
    'an adapter of KServe': [['--kserve', '--no-adapter'], /--no-adapter is for ModelMesh/],
    'a buffer for KServe': [['--kserve', '--memory-buffer', '1Mi'], /--memory-buffer is for ModelMesh/],
    'a protocol of ModelMesh': [['--protocol', 'v2'], /--protocol is for --kserve/],
    'a relative folder': [
      ['--no-adapter', '--sockets', 'sock'],
      /--sockets is 'sock'; it must be an absolute path/,
    ],
    'too little memory': [['--memory', '130Mi'], /requests\.memory: "130Mi" leaves 2097152 bytes/],
    'a format that is none': [['--format', 'a:b:c'], /'a:b:c' is invalid. It must be NAME or NAME:VERSION/],
    'a quantity that is none': [['--memory', '1 GB'], /'1 GB' is invalid. It must be a quantity/],
    'settings that are no JSON': [[], /model-settings\.json: /, '{'],
    'settings without a name': [[], /model-settings\.json: name is missing/, '{}'],
  }
  for (const [mistake, [flags, message, settings = SETTINGS]] of Object.entries(MISTAKES)) {
    test(`refuses ${mistake}`, async t => {
      const folder = await testFolder(t, { 'model-settings.json': settings })
      const { exitCode, stdout, stderr } = await runCommand(t, [
        'manifest',
        'serving-runtime',
        folder,
        ...IMAGE,
        ...flags,
      ])
      assert.notEqual(exitCode, EXIT.ok)
      assert.equal(stdout, '')
      assert.match(stderr, /^millrace: /)
      assert.match(stderr, message)
    })
  }
})

suite('millrace manifest inference-service and check', () => {
  test('what is written passes the check, which says what ModelMesh makes of it', async t => {
    const written = await runCommand(t, [
      'manifest',
      'inference-service',
      'churn',
      '--format',
      'my-format:1',
      '--storage-key',
      'store1',
      '--path',
      'churn/v1',
      '--storage-parameter',
      'bucket=models',
    ])
    assert.deepEqual([written.exitCode, written.stderr], [EXIT.ok, ''])
    const checked = await runCommand(t, ['manifest', 'check', '-', '--output', 'json'], {
      input: written.stdout,
    })
    assert.deepEqual([checked.exitCode, checked.stderr], [EXIT.ok, ''])
    const [{ kind, registration }] = JSON.parse(checked.stdout) as [
      { kind: string; registration: { targetModelId: string; modelInfo: { type: string } } },
    ]
    assert.equal(kind, 'InferenceService')
    assert.match(registration.targetModelId, /^churn__isvc-[0-9a-f]{10}$/)
    assert.equal(registration.modelInfo.type, 'mt:my-format:1')
  })

  test('a broken rule is told with its line', async t => {
    const folder = await testFolder(t, {
      'r.yaml':
        'apiVersion: serving.kserve.io/v1alpha1\nkind: ServingRuntime\nmetadata: {name: r}\nspec: {containers: []}\n',
    })
    const { exitCode, stderr } = await runCommand(t, ['manifest', 'check', `${folder}/r.yaml`])
    assert.equal(exitCode, EXIT.configuration)
    assert.match(stderr, /r\.yaml, line 4, column 20: spec\.containers: is missing/)
  })

  test('a model without a place, or with two, is refused', async t => {
    for (const flags of [[], ['--path', 'p', '--storage-uri', 's3://b/p']]) {
      const { exitCode, stderr } = await runCommand(t, [
        'manifest',
        'inference-service',
        'm',
        '--format',
        'f',
        ...flags,
      ])
      assert.equal(exitCode, EXIT.usage)
      assert.match(stderr, /either --path in a storage, or --storage-uri/)
    }
  })
})
