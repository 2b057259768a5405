import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { type handleUnaryCall, Server, ServerCredentials, status } from '@grpc/grpc-js'
import {
  decodePredictRequest,
  decodeRequestValues,
  encodePredictResponse,
  HYDROSPHERE_GENERATIONS,
  HYDROSPHERE_PREDICT_PATHS,
  HYDROSPHERE_STATUS_PATH,
  type HydrosphereGeneration,
  health,
} from '../protocol/index.ts'
import { toTensor } from '../tensor/index.ts'
import { createHydrosphereClient, type HydrosphereClientOptions } from './hydrosphere-client.ts'

type Handlers = Readonly<Record<string, handleUnaryCall<Buffer, Uint8Array>>>

const HEALTH_PATH = '/grpc.health.v1.Health/Check'
const XS = toTensor({ name: 'xs', datatype: 'FP64', shape: [1, 2], data: [1.5, 2] })
const REQUEST = { modelName: 'scaler', modelVersion: '3', id: 'r1', inputs: [XS] }

/** A server with these methods, by their paths, and a client of it. */
async function listen(
  t: TestContext,
  generation: HydrosphereGeneration,
  handlers: Handlers,
  options: Partial<HydrosphereClientOptions> = {},
) {
  const server = new Server()
  for (const [path, method] of Object.entries(handlers)) {
    const definition = {
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: (bytes: Buffer) => bytes,
      requestDeserialize: (bytes: Buffer) => bytes,
      responseSerialize: (bytes: Uint8Array) => Buffer.from(bytes),
      responseDeserialize: (bytes: Buffer) => bytes,
    }
    server.addService({ method: definition }, { method })
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  const client = createHydrosphereClient({ target: `127.0.0.1:${port}`, generation, ...options })
  t.after(async () => {
    await client.close()
    server.forceShutdown()
  })
  return { server, client }
}

function encode<M extends DescMessage>(schema: M, init: MessageInitShape<M>): Uint8Array {
  return toBinary(schema, create(schema, init))
}

for (const generation of HYDROSPHERE_GENERATIONS) {
  suite(generation, () => {
    const path = HYDROSPHERE_PREDICT_PATHS[generation]

    test('groups are sent and read as values, and are no outputs of tensors', async t => {
      const { client } = await listen(t, generation, {
        [path](call, answer) {
          const { request } = decodeRequestValues(call.request, generation)
          answer(null, Buffer.concat(encodePredictResponse(request.inputs, generation)))
        },
      })
      const inputs = [{ name: 'rows', shape: [2], objects: [[XS], [XS]] }]
      const outputShapes = { shapes: new Map(), groups: new Map() }
      const outputs = await client.predictValues({ modelName: 'm', inputs }, { outputShapes })
      assert.deepEqual(outputs, inputs)
      const asked = client.predict({ modelName: 'm', inputs: inputs as never })
      await assert.rejects(asked, { message: /tensor 'rows' has nested fields/ })
    })

    test('predict sends what the generation has room for, and reads the outputs', async t => {
      let seen: unknown
      const { client } = await listen(t, generation, {
        [path](call, answer) {
          const { request, signatureName } = decodePredictRequest(call.request, generation)
          seen = [request.modelName, request.modelVersion, signatureName]
          const [x] = request.inputs
          const outputs = [
            { ...x!, name: 'a' },
            { ...x!, name: 'b' },
          ]
          answer(null, Buffer.concat(encodePredictResponse(outputs, generation)))
        },
      })
      const answer = await client.predict(REQUEST, { signatureName: 'scale' })
      assert.deepEqual(seen, generation === 'G3' ? ['', undefined, ''] : ['scaler', '3', 'scale'])
      assert.deepEqual([answer.modelName, answer.modelVersion, answer.id], ['scaler', '3', 'r1'])
      assert.deepEqual(
        answer.outputs.map(({ name, data }) => [name, data]),
        [
          ['a', XS.data],
          ['b', XS.data],
        ],
      )
      const { outputs } = await client.predict({ ...REQUEST, outputs: [{ name: 'b' }] })
      assert.deepEqual(
        outputs.map(({ name }) => name),
        ['b'],
      )
    })

    test('whether Predict is offered is asked without a message', async t => {
      const seen: number[] = []
      const { client } = await listen(t, generation, {
        [path](call, answer) {
          seen.push(...call.request)
          answer({ code: status.INTERNAL, details: 'no message' })
        },
      })
      assert.equal(await client.isOffered(), true)
      assert.deepEqual(seen, [0xff])
      const { client: other, server } = await listen(t, generation, {
        [HEALTH_PATH]: (_, answer) => answer(null, new Uint8Array()),
      })
      assert.equal(await other.isOffered(), false)
      server.forceShutdown()
      await assert.rejects(other.isOffered(), { code: 'UNAVAILABLE' })
    })
  })
}

test('errors, garbage and answers that are too large', async t => {
  const answers = [Buffer.of(0xff), Buffer.alloc(2000)]
  const path = HYDROSPHERE_PREDICT_PATHS.G2
  const { client } = await listen(
    t,
    'G2',
    {
      [path](_, answer) {
        const bytes = answers.shift()
        answer(bytes === undefined ? { code: status.INTERNAL, details: "RuntimeError('boom')" } : null, bytes)
      },
    },
    { maxResponseBytes: 1000 },
  )
  await assert.rejects(client.predict(REQUEST), { code: 'INTERNAL', message: /cannot be understood/ })
  await assert.rejects(client.predict(REQUEST), { code: 'RESOURCE_EXHAUSTED' })
  await assert.rejects(client.predict(REQUEST), { code: 'INTERNAL', message: "RuntimeError('boom')" })
})

test('status and health', async t => {
  const states = [1, 2, 0, 3]
  const { client } = await listen(t, 'G2', {
    [HYDROSPHERE_STATUS_PATH]: (_, answer) => answer(null, Uint8Array.of(0x08, states[0]!, 0x12, 1, 0x3f)),
    [HEALTH_PATH]: (_, answer) =>
      answer(null, encode(health.HealthCheckResponseSchema, { status: states.shift()! as never })),
  })
  const words: string[] = []
  while (states.length > 0) {
    const { status: word, message } = await client.status()
    assert.equal(message, '?')
    words.push(word, await client.health())
  }
  const each = ['SERVING', 'NOT_SERVING', 'UNKNOWN', 'UNKNOWN']
  assert.deepEqual(
    words,
    each.flatMap(word => [word, word]),
  )
})

test('a server without status and health says so, and accepts a connection', async t => {
  const { client, server } = await listen(t, 'G1', {})
  await assert.rejects(client.status(), { code: 'UNIMPLEMENTED' })
  await assert.rejects(client.health(), { code: 'UNIMPLEMENTED' })
  await client.connect()
  server.forceShutdown()
  const { client: nobody } = await listen(t, 'G1', {}, { target: '127.0.0.1:1' })
  await assert.rejects(nobody.connect({ timeoutMs: 50 }), { code: /UNAVAILABLE|DEADLINE_EXCEEDED/ })
  const controller = new AbortController()
  const connecting = nobody.connect({ signal: controller.signal })
  controller.abort()
  await assert.rejects(connecting, { code: 'CANCELLED' })
})

test('options that cannot be, and a client that is closed', async () => {
  const target = '127.0.0.1:1'
  assert.throws(() => createHydrosphereClient({ target, generation: 'G4' as never }), {
    code: 'INVALID_ARGUMENT',
    message: "generation is 'G4'; allowed are G1, G2, G3",
  })
  assert.throws(() => createHydrosphereClient({ target: '', generation: 'G1' }), { code: 'INVALID_ARGUMENT' })
  const client = createHydrosphereClient({ target, generation: 'G1' })
  await client.close()
  await client.close()
  await assert.rejects(client.predict(REQUEST), {
    code: 'FAILED_PRECONDITION',
    message: 'the client is closed',
  })
})
