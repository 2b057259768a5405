import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { isServiceError } from './forms/grpc.ts'
import { statusName } from './forms/grpc-client.ts'
import { readParameters, type TensorMessage } from './forms/grpc-messages.ts'
import { callRest } from './forms/rest-call.ts'
import { openTarget, type Target } from './target.ts'

let target: Target
before(async () => {
  target = await openTarget()
})
after(() => target.close())

function get(path: string) {
  return callRest(new URL(path, target.rest), 'GET')
}

async function grpc<T>(method: string, message: object = {}): Promise<T> {
  return (await target.client.call<T>(method, message)).message
}

/** The name and details of the status that a call ends with. */
async function grpcRefusal(method: string, message: object): Promise<readonly [string, string]> {
  try {
    await target.client.call(method, message)
  } catch (error) {
    if (isServiceError(error)) return [statusName(error), error.details]
    throw error
  }
  return ['OK', '']
}

suite('health', () => {
  test('the server lives and is ready', async () => {
    for (const path of ['/v2/health/live', '/v2/health/ready']) {
      const { status, json } = await get(path)
      assert.deepEqual([status, json], [200, undefined], path)
    }
    assert.deepEqual(await grpc('ServerLive'), { live: true })
    assert.deepEqual(await grpc('ServerReady'), { ready: true })
  })

  const models: readonly (readonly [string, string?])[] = [
    ['echo'],
    ['versions'],
    ['versions', '2'],
    ['sum-model', 'v1.2.3'],
  ]
  for (const [name, version = ''] of models) {
    test(`${name} ${version} is ready`, async () => {
      const path =
        version === '' ? `/v2/models/${name}/ready` : `/v2/models/${name}/versions/${version}/ready`
      assert.equal((await get(path)).status, 200)
      assert.deepEqual(await grpc('ModelReady', { name, version }), { ready: true })
    })
  }
})

suite('unknown models', () => {
  const cases = [
    { path: 'nothing', name: 'nothing', version: '', message: 'Model nothing not found' },
    { path: 'no%20thing', name: 'no thing', version: '', message: 'Model no thing not found' },
    { path: 'echo/versions/7', name: 'echo', version: '7', message: 'Model echo with version 7 not found' },
    {
      path: 'nothing/versions/v%207',
      name: 'nothing',
      version: 'v 7',
      message: 'Model nothing with version v 7 not found',
    },
  ]
  const methods = {
    '': 'ModelMetadata',
    '/ready': 'ModelReady',
    '/config': 'ModelConfig',
    '/stats': 'ModelStatistics',
  }
  for (const { path, name, version, message } of cases) {
    for (const [verb, method] of Object.entries(methods)) {
      test(`${path}${verb}`, async () => {
        const { status, refusal } = await get(`/v2/models/${path}${verb}`)
        assert.deepEqual([status, refusal?.message], [404, message])
        assert.deepEqual(await grpcRefusal(method, { name, version }), ['NOT_FOUND', message])
      })
    }
  }
})

suite('server metadata', () => {
  test('the same at /v2, /v2/ and over gRPC', async () => {
    const { json } = await get('/v2')
    const { name, version, extensions } = json as { name: string; version: string; extensions: string[] }
    assert.ok(name.length > 0)
    assert.match(version, /^\d+\.\d+\.\d+/)
    assert.ok(extensions.includes('binary_tensor_data'))
    assert.ok(extensions.includes('model_repository'))
    assert.deepEqual((await get('/v2/')).json, json)
    assert.deepEqual(await grpc('ServerMetadata'), json)
  })

  test('the names of all models', async () => {
    const { models } = (await get('/v2/models')).json as { models: string[] }
    assert.ok(models.includes('echo') && models.includes('sum-model'))
    assert.equal(models.filter(name => name === 'versions').length, 1)
  })
})

interface MetadataMessage {
  readonly name: string
  readonly versions: readonly string[]
  readonly platform: string
  readonly inputs: readonly TensorMessage[]
  readonly outputs: readonly TensorMessage[]
}

/** The protobuf message with the members that the JSON has. */
function asJson({ name, versions, platform, inputs, outputs }: MetadataMessage): object {
  return { name, versions, platform, inputs: inputs.map(tensorAsJson), outputs: outputs.map(tensorAsJson) }
}

function tensorAsJson({ name, datatype, shape, parameters = {} }: TensorMessage): object {
  return {
    name,
    datatype,
    shape: shape.map(Number),
    ...(Object.keys(parameters).length === 0 ? {} : { parameters: readParameters(parameters) }),
  }
}

suite('model metadata', () => {
  const STR = { content_type: 'str' }
  const expected: Readonly<Record<string, object>> = {
    echo: { name: 'echo', versions: [], platform: 'conformance_echo', inputs: [], outputs: [] },
    'sum-model': {
      name: 'sum-model',
      versions: ['sum-model/v1.2.3'],
      platform: 'mlserver',
      inputs: [{ name: 'input-0', datatype: 'FP32', shape: [128], parameters: { content_type: 'np' } }],
      outputs: [{ name: 'output-0', datatype: 'FP32', shape: [1] }],
    },
    contract: {
      name: 'contract',
      versions: [],
      platform: '',
      inputs: [
        { name: 'numbers', datatype: 'INT32', shape: [-1] },
        { name: 'label', datatype: 'BYTES', shape: [1], parameters: STR },
      ],
      outputs: [
        { name: 'total', datatype: 'INT64', shape: [1] },
        { name: 'label', datatype: 'BYTES', shape: [1], parameters: STR },
      ],
    },
  }
  for (const [name, metadata] of Object.entries(expected)) {
    test(name, async () => {
      // Where the model runs is told on REST alone: clients of the vendor-neutral message cannot read such parameters.
      const { parameters, ...json } = (await get(`/v2/models/${name}`)).json as { parameters: object }
      assert.deepEqual(json, metadata)
      assert.deepEqual(Object.keys(parameters), ['placement', 'placement_reason'])
      assert.deepEqual(asJson(await grpc('ModelMetadata', { name })), metadata)
    })
  }

  test('the versions that can be asked for, whichever is asked', async () => {
    for (const path of ['versions', 'versions/versions/2']) {
      const { versions } = (await get(`/v2/models/${path}`)).json as { versions: string[] }
      assert.deepEqual(versions.toSorted(), ['10', '2'], path)
    }
  })
})

test('model configuration', async () => {
  const { json } = await get('/v2/models/contract/config')
  assert.deepEqual(json, {
    name: 'contract',
    platform: '',
    backend: 'millrace',
    max_batch_size: 0,
    input: [
      { name: 'numbers', data_type: 'TYPE_INT32', dims: [-1] },
      { name: 'label', data_type: 'TYPE_STRING', dims: [1], optional: true },
    ],
    output: [
      { name: 'total', data_type: 'TYPE_INT64', dims: [1] },
      { name: 'label', data_type: 'TYPE_STRING', dims: [1] },
    ],
  })
  interface Tensor {
    readonly name: string
    readonly data_type: string
    readonly dims: readonly string[]
    readonly optional?: boolean
  }
  const { config } = await grpc<{ config: { name: string; input: Tensor[]; output: Tensor[] } }>(
    'ModelConfig',
    {
      name: 'contract',
    },
  )
  const short = ({ name, data_type: type, dims, optional = false }: Tensor) => [name, type, dims, optional]
  assert.equal(config.name, 'contract')
  assert.deepEqual(config.input.map(short), [
    ['numbers', 'TYPE_INT32', ['-1'], false],
    ['label', 'TYPE_STRING', ['1'], true],
  ])
  assert.deepEqual(config.output.map(short), [
    ['total', 'TYPE_INT64', ['1'], false],
    ['label', 'TYPE_STRING', ['1'], false],
  ])
})
