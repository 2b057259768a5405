import assert from 'node:assert/strict'
import { once } from 'node:events'
import { suite, type TestContext, test } from 'node:test'
import { loadFileDescriptorSetFromBuffer } from '@grpc/proto-loader'
import { type GrpcService, grpcService, serviceOf } from './grpc-service.ts'
import { startTestServer, type TestServer } from './test-server.ts'

const SERVICES = [
  'grpc.health.v1.Health',
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
  'hydrosphere.serving.runtime.PredictionService',
  'inference.GRPCInferenceService',
  'inference.model_repository.ModelRepositoryService',
  'tensorflow.serving.PredictionService',
]

interface Answer {
  readonly message_response: string
  readonly list_services_response: { readonly service: readonly { readonly name: string }[] }
  readonly file_descriptor_response: { readonly file_descriptor_proto: readonly Buffer[] }
  readonly error_response: { readonly error_code: number; readonly error_message: string }
  readonly original_request: object
}

function reflectionOf(t: TestContext, { server }: TestServer, version = 'v1'): GrpcService {
  const file = `grpc/reflection/${version}/reflection.proto`
  return grpcService(t, server.grpc, file, `grpc.reflection.${version}.ServerReflection`)
}

/** Asks on one stream, each request after the answer to the one before. */
async function ask(service: GrpcService, ...requests: readonly object[]): Promise<readonly Answer[]> {
  const stream = service.open('ServerReflectionInfo')
  const answers: Answer[] = []
  for (const request of requests) {
    stream.write(request)
    const [answer] = (await once(stream, 'data')) as [Answer]
    answers.push(answer)
  }
  stream.end()
  await once(stream, 'status')
  return answers
}

/** Files as one FileDescriptorSet: each is its field 1. */
function descriptorSet(files: readonly Buffer[]): Buffer {
  return Buffer.concat(files.flatMap(file => [Buffer.from([0x0a]), varint(file.length), file]))
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let left = value; ; left >>>= 7) {
    if (left < 0x80) return Buffer.from([...bytes, left])
    bytes.push((left & 0x7f) | 0x80)
  }
}

for (const version of ['v1', 'v1alpha']) {
  suite(`reflection ${version}`, () => {
    test('lists the services', async t => {
      const reflection = reflectionOf(t, await startTestServer(t, {}), version)
      const [answer] = await ask(reflection, { list_services: '' })
      assert.deepEqual(answer!.list_services_response.service.map(({ name }) => name).toSorted(), SERVICES)
    })

    test('its descriptors are enough to call every service', async t => {
      const started = await startTestServer(t, {})
      await started.server.started
      const reflection = reflectionOf(t, started, version)
      for (const name of SERVICES) {
        const [answer] = await ask(reflection, { file_containing_symbol: name })
        const files = answer!.file_descriptor_response.file_descriptor_proto
        const definition = loadFileDescriptorSetFromBuffer(descriptorSet(files), { keepCase: true })
        assert.ok(definition[name], name)
        if (name !== 'inference.GRPCInferenceService') continue
        const service = serviceOf(t, started.server.grpc, definition, name)
        assert.deepEqual(await service.call('ServerReady', {}), { ready: true })
      }
    })
  })
}

suite('reflection', () => {
  const symbols = [
    'inference.GRPCInferenceService.ModelInfer',
    'inference.ModelInferRequest',
    'inference.ModelInferRequest.InferInputTensor',
    'inference.DataType',
    'inference.ModelConfig',
  ]
  test('finds methods, messages, nested ones and enums', async t => {
    const reflection = reflectionOf(t, await startTestServer(t, {}))
    const answers = await ask(reflection, ...symbols.map(symbol => ({ file_containing_symbol: symbol })))
    assert.deepEqual(
      answers.map(answer => answer.message_response),
      symbols.map(() => 'file_descriptor_response'),
    )
  })

  test('finds files by name', async t => {
    const reflection = reflectionOf(t, await startTestServer(t, {}))
    const [answer] = await ask(reflection, { file_by_filename: 'inference.proto' })
    assert.equal(answer!.file_descriptor_response.file_descriptor_proto.length, 2)
  })

  test('says what is not there, and goes on', async t => {
    const reflection = reflectionOf(t, await startTestServer(t, {}))
    const answers = await ask(
      reflection,
      { file_containing_symbol: 'nobody.Nothing' },
      { file_by_filename: 'nothing.proto' },
      { file_containing_extension: { containing_type: 'a.B', extension_number: 7 } },
      { all_extension_numbers_of_type: 'a.B' },
      {},
      { list_services: '' },
    )
    assert.deepEqual(
      answers.slice(0, 5).map(({ error_response: error }) => [error.error_code, error.error_message]),
      ['nobody.Nothing', 'nothing.proto', 'extension 7 of a.B', 'a.B', 'an empty request'].map(what => [
        5,
        `${what} is not on this server`,
      ]),
    )
    assert.equal(answers[5]!.message_response, 'list_services_response')
  })
})
