/**
 * A runtime that answers with its inputs, and with a text of what arrived. It reads and writes with the generated messages
 * alone, as runtimes in other languages do. Run as a program with the generation as its argument: APP_PORT says where.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { Server, ServerCredentials, type sendUnaryData } from '@grpc/grpc-js'
import { HYDROSPHERE_PREDICT_PATHS, loadHydrosphereG2, loadHydrosphereG3 } from '@millrace/sdk/protocol'

const { APP_PORT = '9091' } = process.env
const generation = process.argv[2] === 'G2' ? 'G2' : 'G3'
const g2 = await loadHydrosphereG2()
const g3 = await loadHydrosphereG3()

const DT_STRING = 7
const DT_MAP = 27

/** What tensors of both generations have. */
interface WireTensor {
  readonly dtype: number
  readonly intVal: readonly number[]
  readonly stringVal: readonly Uint8Array[]
  readonly mapVal: readonly { readonly subtensors: Readonly<Record<string, WireTensor>> }[]
}

function told({ dtype, intVal, stringVal, mapVal }: WireTensor): unknown {
  if (dtype === DT_MAP) return mapVal.map(({ subtensors }) => allTold(subtensors))
  return dtype === DT_STRING ? stringVal.map(bytes => Buffer.from(bytes).toString()) : intVal
}

function allTold(tensors: Readonly<Record<string, WireTensor>>) {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, told(tensor)]))
}

function textOf(inputs: Readonly<Record<string, WireTensor>>) {
  return { dtype: DT_STRING, tensorShape: {}, stringVal: [Buffer.from(JSON.stringify(allTold(inputs)))] }
}

function answer(message: Uint8Array): Uint8Array {
  if (generation === 'G2') {
    const { PredictRequestSchema, PredictResponseSchema } = g2.predict
    const { inputs } = fromBinary(PredictRequestSchema, message)
    const outputs = { ...inputs, seen: create(g2.tensor.TensorProtoSchema, textOf(inputs) as never) }
    return toBinary(PredictResponseSchema, create(PredictResponseSchema, { outputs }))
  }
  const { PredictRequestSchema, PredictResponseSchema } = g3.runtime
  const { inputs } = fromBinary(PredictRequestSchema, message)
  const outputs = { ...inputs, seen: create(g3.contract.TensorSchema, textOf(inputs) as never) }
  return toBinary(PredictResponseSchema, create(PredictResponseSchema, { outputs }))
}

const pass = (bytes: Buffer) => bytes
const method = {
  path: HYDROSPHERE_PREDICT_PATHS[generation],
  requestStream: false,
  responseStream: false,
  requestSerialize: pass,
  requestDeserialize: pass,
  responseSerialize: pass,
  responseDeserialize: pass,
} as const
const server = new Server()
server.addService(
  { method },
  {
    method: (call: { request: Buffer }, reply: sendUnaryData<Buffer>) =>
      reply(null, Buffer.from(answer(call.request))),
  },
)
server.bindAsync(`127.0.0.1:${APP_PORT}`, ServerCredentials.createInsecure(), error => {
  if (error !== null) throw error
})
process.once('SIGTERM', () => server.tryShutdown(() => process.exit(0)))
