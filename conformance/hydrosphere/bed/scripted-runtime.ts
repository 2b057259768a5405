/**
 * A runtime whose model says what it is like: `behave.mjs` of the payload. It can do what no honest runtime does, which is
 * what the gateway is to be held against. Run as a program: APP_PORT and MODEL_DIR say where.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Server, ServerCredentials, type ServiceError, status, type UntypedHandleCall } from '@grpc/grpc-js'
import { type Tensor, type TensorLike, toTensor } from '@millrace/sdk'
import {
  decodePredictRequest,
  encodePredictResponse,
  encodeStatusResponse,
  HYDROSPHERE_PREDICT_PATHS,
  HYDROSPHERE_STATUS_PATH,
  type HydrosphereGeneration,
} from '@millrace/sdk/protocol'

/** What `behave.mjs` may export. */
interface Behaviour {
  /** Default `G3`. */
  readonly generation?: HydrosphereGeneration
  /** What the second generation's `Status` answers. Default: there is no such method. */
  readonly status?: () => { readonly status: 'UNKNOWN' | 'SERVING' | 'NOT_SERVING'; readonly message: string }
  /** Whether there is gRPC's health service, which always says that it serves. Default: yes in G3. */
  readonly health?: boolean
  /** Outputs. It may throw what has a gRPC `code` and `details`. */
  readonly predict: (
    inputs: readonly Tensor[],
    signatureName: string,
  ) => readonly TensorLike[] | Promise<readonly TensorLike[]>
}

const MESSAGE_BYTES = 256 * 1024 * 1024
const { APP_PORT = '9091', MODEL_DIR = '/model' } = process.env
const module: unknown = await import(pathToFileURL(join(MODEL_DIR, 'files/behave.mjs')).href)
const behaviour = module as Behaviour
const { generation = 'G3', health = generation === 'G3' } = behaviour

type Reply = (error: Partial<ServiceError> | null, answer?: Buffer) => void

const unary = (answer: (request: Uint8Array) => Promise<Uint8Array> | Uint8Array): UntypedHandleCall => {
  const handle = (call: { request: Buffer }, reply: Reply) => {
    // A copy of its own, so that tensors lie aligned.
    Promise.try(answer, new Uint8Array(call.request)).then(
      bytes => reply(null, Buffer.from(bytes)),
      (error: Partial<ServiceError>) =>
        reply({ code: error.code ?? status.INTERNAL, details: error.details ?? error.message ?? '' }),
    )
  }
  return handle
}

const methods: Record<string, UntypedHandleCall> = {
  [HYDROSPHERE_PREDICT_PATHS[generation]]: unary(async message => {
    const { request, signatureName } = decodePredictRequest(message, generation)
    const outputs = await behaviour.predict(request.inputs, signatureName)
    return Buffer.concat(encodePredictResponse(outputs.map(toTensor), generation))
  }),
}
if (behaviour.status !== undefined) {
  const { status: say } = behaviour
  methods[HYDROSPHERE_STATUS_PATH] = unary(() => encodeStatusResponse(say()))
}
// HealthCheckResponse with status SERVING.
if (health) methods['/grpc.health.v1.Health/Check'] = unary(() => Uint8Array.of(8, 1))

const server = new Server({
  'grpc.max_receive_message_length': MESSAGE_BYTES,
  'grpc.max_send_message_length': MESSAGE_BYTES,
})
const pass = (bytes: Buffer) => bytes
for (const [path, handler] of Object.entries(methods)) {
  const description = {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: pass,
    requestDeserialize: pass,
    responseSerialize: pass,
    responseDeserialize: pass,
  }
  server.addService({ method: description }, { method: handler })
}
server.bindAsync(`127.0.0.1:${APP_PORT}`, ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error
  process.stdout.write(`listening on ${port}\n`)
})
process.once('SIGTERM', () => server.tryShutdown(() => process.exit(0)))
