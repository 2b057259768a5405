import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { create, toBinary } from '@bufbuild/protobuf'
import {
  type handleBidiStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  status,
} from '@grpc/grpc-js'
import {
  decodeInferRequest,
  encodeInferResponse,
  encodeStreamError,
  encodeStreamResponse,
  inference,
} from '../protocol/index.ts'
import { toTensor } from '../tensor/index.ts'
import { createGrpcClient, type GrpcClientOptions } from './grpc-client.ts'

const INPUT = toTensor({ name: 'x', datatype: 'BF16', shape: [2], data: [1.5, -1] })
const REQUEST = { modelName: 'm', modelVersion: '1', id: 'r1', inputs: [INPUT] }
const RESPONSE = { modelName: 'm', id: 'r1', outputs: [INPUT] }

interface Methods {
  readonly unary?: handleUnaryCall<Buffer, Uint8Array>
  readonly stream?: handleBidiStreamingCall<Buffer, Uint8Array>
}

/** A server whose every unary method is one handler, bytes to bytes. */
async function listen(t: TestContext, { unary, stream }: Methods, options: Partial<GrpcClientOptions> = {}) {
  const server = new Server()
  const codec = {
    requestSerialize: (bytes: Buffer) => bytes,
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: (bytes: Uint8Array) => Buffer.from(bytes),
    responseDeserialize: (bytes: Buffer) => bytes,
  }
  const methods = {
    ...Object.fromEntries(
      (unary === undefined ? [] : ['ModelInfer', 'ModelMetadata', 'ModelReady', 'ServerReady']).map(name => [
        name,
        {
          path: `/inference.GRPCInferenceService/${name}`,
          requestStream: false,
          responseStream: false,
          ...codec,
        },
      ]),
    ),
    ...(stream === undefined
      ? {}
      : {
          ModelStreamInfer: {
            path: '/inference.GRPCInferenceService/ModelStreamInfer',
            requestStream: true,
            responseStream: true,
            ...codec,
          },
        }),
  }
  server.addService(
    methods,
    Object.fromEntries(
      Object.keys(methods).map(name => [name, name === 'ModelStreamInfer' ? stream! : unary!] as const),
    ),
  )
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  const client = createGrpcClient({ target: `127.0.0.1:${port}`, ...options })
  t.after(async () => {
    await client.close()
    server.forceShutdown()
  })
  return { server, client }
}

const bytesOf = (pieces: readonly Uint8Array[] | Uint8Array) =>
  pieces instanceof Uint8Array ? pieces : Buffer.concat(pieces)

suite('infer', () => {
  test('sends and reads tensors bit for bit, with metadata', async t => {
    let seen: unknown[] = []
    const { client } = await listen(
      t,
      {
        unary(call, answer) {
          const { request, isRaw } = decodeInferRequest(call.request)
          seen = [
            request.modelName,
            request.modelVersion,
            isRaw,
            ...call.metadata.get('a'),
            ...call.metadata.get('b'),
          ]
          answer(null, bytesOf(encodeInferResponse({ ...RESPONSE, outputs: request.inputs }, true)))
        },
      },
      { headers: { a: '1', b: '1' }, maxConnections: 2 },
    )
    const [first, second] = await Promise.all([
      client.infer(REQUEST, { headers: { b: '2' } }),
      client.infer(REQUEST),
    ])
    assert.equal(first.id, 'r1')
    assert.deepEqual(first.outputs[0]?.data, INPUT.data)
    assert.deepEqual(second.outputs[0]?.data, INPUT.data)
    assert.deepEqual(seen.slice(0, 4), ['m', '1', true, '1'])
  })

  test('reads the numbers of a large answer in place', async t => {
    const data = Float64Array.from({ length: 100_000 }, (_, index) => index)
    const outputs = [toTensor({ name: 'x', datatype: 'FP64', shape: [data.length], data })]
    const answer = bytesOf(encodeInferResponse({ ...RESPONSE, outputs }, true))
    const { client } = await listen(t, { unary: (_, reply) => reply(null, answer) })
    const [output] = (await client.infer(REQUEST)).outputs
    assert.ok(output?.data instanceof Float64Array)
    assert.deepEqual(output.data, data)
    assert.ok(output.data.buffer.byteLength > data.byteLength, 'a copy would have memory of its own size')
  })

  test("rejects with the server's status and text", async t => {
    const metadata = new Metadata()
    metadata.set('grpc-retry-pushback-ms', '250')
    const errors = [
      { code: status.NOT_FOUND, details: 'Model m not found' },
      { code: status.RESOURCE_EXHAUSTED, details: 'full', metadata },
      { code: status.DATA_LOSS, details: '' },
    ]
    const { client } = await listen(t, { unary: (_, answer) => answer(errors.shift()!) })
    await assert.rejects(client.infer(REQUEST), {
      name: 'ServingError',
      code: 'NOT_FOUND',
      message: 'Model m not found',
    })
    await assert.rejects(client.infer(REQUEST), { code: 'RESOURCE_EXHAUSTED', retryAfterMs: 250 })
    await assert.rejects(client.infer(REQUEST), { code: 'INTERNAL' })
  })

  test('refuses answers that are none, or larger than it takes', async t => {
    const answers = [Buffer.of(0xff), Buffer.alloc(2000)]
    const { client } = await listen(
      t,
      { unary: (_, answer) => answer(null, answers.shift()) },
      { maxResponseBytes: 1000 },
    )
    await assert.rejects(client.infer(REQUEST), { code: 'INTERNAL', message: /cannot be understood/ })
    await assert.rejects(client.infer(REQUEST), { code: 'RESOURCE_EXHAUSTED' })
  })

  test('a server that is not there, a server without the method', async t => {
    const { client, server } = await listen(t, { stream: call => call.end() })
    await assert.rejects(client.infer(REQUEST), { code: 'UNIMPLEMENTED' })
    server.forceShutdown()
    await assert.rejects(client.infer(REQUEST), { code: 'UNAVAILABLE' })
  })

  test('ends by its timeout, and by the signal, which the server sees', async t => {
    const started = Promise.withResolvers<void>()
    const gone = Promise.withResolvers<void>()
    const { client } = await listen(t, {
      unary(call) {
        if (decodeInferRequest(call.request).request.id !== 'signal') return
        call.on('cancelled', () => gone.resolve())
        started.resolve()
      },
    })
    await assert.rejects(client.infer(REQUEST, { timeoutMs: 50 }), {
      code: 'DEADLINE_EXCEEDED',
      // Whichever of the two clocks, ours and the library's, goes off first.
      message: /^the server did not answer within 50 ms|^Deadline exceeded/,
    })
    const controller = new AbortController()
    const call = client.infer({ ...REQUEST, id: 'signal' }, { signal: controller.signal })
    void started.promise.then(() => controller.abort())
    await assert.rejects(call, { code: 'CANCELLED' })
    await gone.promise
  })

  test('refuses headers that gRPC cannot carry, targets that are none, and calls once closed', async t => {
    const { client } = await listen(t, { unary: () => {} })
    await assert.rejects(client.infer(REQUEST, { headers: { a: 'ü\n' } }), {
      code: 'INVALID_ARGUMENT',
      message: /header 'a' cannot travel/,
    })
    await client.close()
    await assert.rejects(client.infer(REQUEST), { code: 'FAILED_PRECONDITION' })
    assert.throws(() => createGrpcClient({ target: 'http://x:1' }), { code: 'INVALID_ARGUMENT' })
    assert.throws(() => createGrpcClient({ target: 'x:1', maxConnections: 0 }), { message: /maxConnections/ })
  })
})

suite('inferStream', () => {
  for (const shape of ['plain', 'wrapped'] as const) {
    test(`yields ${shape} answers`, async t => {
      const { client } = await listen(t, {
        stream(call) {
          call.on('data', (message: Buffer) => {
            const { request } = decodeInferRequest(message)
            for (const id of ['1', '2']) {
              const response = { modelName: 'm', modelVersion: 'a', id, outputs: request.inputs }
              call.write(
                bytesOf((shape === 'plain' ? encodeInferResponse : encodeStreamResponse)(response, true)),
              )
            }
          })
          call.on('end', () => call.end())
        },
      })
      const answers: unknown[] = []
      for await (const { id, outputs } of client.inferStream(REQUEST)) answers.push(id, outputs[0]?.data)
      assert.deepEqual(answers, ['1', INPUT.data, '2', INPUT.data])
    })
  }

  test('ends with an error inside an answer, and with that of the call', async t => {
    let count = 0
    const { client } = await listen(t, {
      stream(call) {
        if (count++ === 0) call.write(bytesOf(encodeStreamError('out of words')))
        else call.emit('error', { code: status.NOT_FOUND, details: 'no model' })
      },
    })
    const next = () => client.inferStream(REQUEST)[Symbol.asyncIterator]().next()
    await assert.rejects(next(), { code: 'INTERNAL', message: 'out of words' })
    await assert.rejects(next(), { code: 'NOT_FOUND', message: 'no model' })
  })

  test('tells the server when the reader leaves, and does not wait for ever', async t => {
    const gone = Promise.withResolvers<void>()
    const { client } = await listen(t, {
      stream(call) {
        call.on('cancelled', () => gone.resolve())
        call.write(bytesOf(encodeInferResponse(RESPONSE, true)))
      },
    })
    for await (const _ of client.inferStream(REQUEST)) break
    await gone.promise
    const stream = client.inferStream(REQUEST, { timeoutMs: 100 })[Symbol.asyncIterator]()
    await stream.next()
    await assert.rejects(stream.next(), { code: 'DEADLINE_EXCEEDED' })
  })
})

test('metadata and readiness', async t => {
  const schema = inference.ModelMetadataResponseSchema
  const parameters = { content_type: { parameterChoice: { case: 'stringParam' as const, value: 'np' } } }
  const metadata = create(schema, {
    name: 'm',
    versions: ['1'],
    platform: 'p',
    inputs: [{ name: 'x', datatype: 'FP32', shape: [-1n, 4n], parameters }],
  })
  const { client } = await listen(t, {
    unary(call, answer) {
      const isMetadata = call.getPath().endsWith('/ModelMetadata')
      const isReady = call.getPath().endsWith('/ModelReady')
      answer(null, isMetadata ? toBinary(schema, metadata) : isReady ? Buffer.of(8, 1) : Buffer.alloc(0))
    },
  })
  assert.deepEqual(await client.modelMetadata({ modelName: 'm' }), {
    name: 'm',
    versions: ['1'],
    platform: 'p',
    inputs: [
      { name: 'x', datatype: 'FP32', shape: [-1, 4], contentType: 'np', parameters: { content_type: 'np' } },
    ],
    outputs: [],
  })
  assert.equal(await client.isReady({ modelName: 'm' }), true)
  assert.equal(await client.isReady(), false)
})
