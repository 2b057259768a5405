// A program that serves a model over one of the protocols, and misbehaves when it is told to. The model multiplies its
// input `x` by 2, or by 3 where the signature is called `triple`.
import { createServer } from 'node:net'
import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js'
import { type InferenceRequest, ServingError, type Tensor, toTensor } from '@millrace/sdk'
import {
  decodeInferRequest,
  decodePredictRequest,
  encodeInferResponse,
  encodePredictResponse,
  encodeStatusResponse,
  HYDROSPHERE_PREDICT_PATHS,
  HYDROSPHERE_STATUS_PATH,
  type HydrosphereGeneration,
  health,
  inference,
} from '@millrace/sdk/protocol'

const { APP_PORT, PROTOCOL = 'v2', BEHAVIOUR = '' } = process.env
const generation = PROTOCOL.slice(-2).toUpperCase() as HydrosphereGeneration
const startedMs = performance.now()
/** Since when a program that is slow to get ready is. */
const isReady = () => BEHAVIOUR !== 'late' || performance.now() - startedMs > 300

type Handler = (call: ServerUnaryCall<Buffer, Uint8Array>, answer: sendUnaryData<Uint8Array>) => void

const server = new Server({ 'grpc.max_receive_message_length': 1024 * 1024 })
const say = (line: string) => process.stdout.write(`${line}\n`)

function serve(path: string, handle: Handler): void {
  const codec = {
    requestSerialize: (bytes: Buffer) => bytes,
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: (bytes: Uint8Array) => Buffer.from(bytes),
    responseDeserialize: (bytes: Buffer) => bytes,
  }
  const method = { path, requestStream: false, responseStream: false, ...codec }
  server.addService({ method }, { method: handle })
}

function serveStream(path: string): void {
  const codec = {
    requestSerialize: (bytes: Buffer) => bytes,
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: (bytes: Uint8Array) => Buffer.from(bytes),
    responseDeserialize: (bytes: Buffer) => bytes,
  }
  server.addService(
    { method: { path, requestStream: true, responseStream: true, ...codec } },
    {
      method(call: ServerDuplexStream<Buffer, Uint8Array>) {
        call.on('data', (message: Buffer) => {
          const { request } = decodeInferRequest(message)
          for (const factor of [1, 2]) call.write(inferAnswer(request, factor))
        })
        call.on('end', () => call.end())
      },
    },
  )
}

function encode<M extends DescMessage>(schema: M, init: MessageInitShape<M>): Uint8Array {
  return toBinary(schema, create(schema, init))
}

function multiplied({ inputs }: InferenceRequest, factor: number): Tensor[] {
  const x = inputs.find(({ name }) => name === 'x')
  if (x?.datatype !== 'FP64') throw new ServingError('INVALID_ARGUMENT', 'x must be FP64')
  if (x.data[0] === -1) throw new ServingError('FAILED_PRECONDITION', 'x is negative')
  if (x.data[0] === 1e9)
    return [toTensor({ name: 'y', datatype: 'FP64', shape: [100_000], data: new Float64Array(100_000) })]
  return [{ name: 'y', datatype: 'FP64', shape: x.shape, data: x.data.map(value => value * factor) }]
}

function inferAnswer(request: InferenceRequest, factor: number): Uint8Array {
  return Buffer.concat(
    encodeInferResponse({ modelName: request.modelName, outputs: multiplied(request, factor) }, true),
  )
}

/** Answers one prediction, or does not. */
function predict(answer: sendUnaryData<Uint8Array>, work: () => Uint8Array): void {
  if (BEHAVIOUR === 'hang') return
  if (BEHAVIOUR === 'garbage') return answer(null, Uint8Array.of(0xff, 0xff))
  if (BEHAVIOUR === 'die') {
    say('the last word')
    process.exit(7)
  }
  try {
    answer(null, work())
  } catch (error) {
    const code =
      ServingError.is(error) && error.code === 'FAILED_PRECONDITION' ? status.OUT_OF_RANGE : status.INTERNAL
    answer({ code, details: error instanceof Error ? error.message : '', metadata: new Metadata() })
  }
}

function serveV2(): void {
  const service = '/inference.GRPCInferenceService'
  serve(`${service}/ServerReady`, (_, answer) =>
    answer(
      null,
      encode(inference.ServerReadyResponseSchema, { ready: BEHAVIOUR !== 'never-ready' && isReady() }),
    ),
  )
  serve(`${service}/ModelReady`, (_, answer) =>
    answer(null, encode(inference.ModelReadyResponseSchema, { ready: true })),
  )
  serve(`${service}/ModelMetadata`, (_, answer) =>
    answer(
      null,
      encode(inference.ModelMetadataResponseSchema, {
        name: 'm',
        inputs: [{ name: 'x', datatype: 'FP64', shape: [-1n] }],
        outputs: [{ name: 'y', datatype: 'FP64', shape: [-1n] }],
      }),
    ),
  )
  serve(`${service}/ModelInfer`, (call, answer) =>
    predict(answer, () => inferAnswer(decodeInferRequest(call.request).request, 2)),
  )
  if (BEHAVIOUR !== 'no-stream') serveStream(`${service}/ModelStreamInfer`)
}

function serveHydrosphere(): void {
  serve(HYDROSPHERE_PREDICT_PATHS[generation], (call, answer) =>
    predict(answer, () => {
      const { request, signatureName } = decodePredictRequest(call.request, generation)
      return Buffer.concat(
        encodePredictResponse(multiplied(request, signatureName === 'triple' ? 3 : 2), generation),
      )
    }),
  )
  if (generation === 'G2') {
    serve(HYDROSPHERE_STATUS_PATH, (_, answer) => {
      if (BEHAVIOUR === 'never-ready') {
        answer(null, encodeStatusResponse({ status: 'NOT_SERVING', message: 'func_main is missing' }))
      } else answer(null, encodeStatusResponse({ status: isReady() ? 'SERVING' : 'UNKNOWN', message: '' }))
    })
  }
  if (generation === 'G3') {
    serve('/grpc.health.v1.Health/Check', (_, answer) => {
      const { SERVING, NOT_SERVING } = health.HealthCheckResponse_ServingStatus
      const state = BEHAVIOUR === 'never-ready' || !isReady() ? NOT_SERVING : SERVING
      answer(null, encode(health.HealthCheckResponseSchema, { status: state }))
    })
  }
}

say(`protocol ${PROTOCOL}, folder ${process.env['MODEL_DIR']}, ${process.env['GREETING'] ?? 'no greeting'}`)
process.stderr.write('to the other stream\n')
if (BEHAVIOUR === 'stubborn') process.on('SIGTERM', () => say('not now'))
else process.on('SIGTERM', () => process.exit(0))

if (BEHAVIOUR === 'exit') process.exitCode = 3
else if (BEHAVIOUR === 'deaf') setInterval(say, 60_000, 'still here')
else if (BEHAVIOUR === 'http1') {
  createServer(socket => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(
    Number(APP_PORT),
  )
} else {
  if (PROTOCOL === 'v2') serveV2()
  else if (PROTOCOL !== 'none') serveHydrosphere()
  server.bindAsync(`127.0.0.1:${APP_PORT}`, ServerCredentials.createInsecure(), error => {
    if (error !== null) throw error
    say('listening')
  })
}
