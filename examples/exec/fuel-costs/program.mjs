import { fileURLToPath } from 'node:url'
import { loadPackageDefinition, Server, ServerCredentials, status } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'

const DT_DOUBLE = 2
const price = Number(process.env.PRICE_PER_LITRE)

const file = fileURLToPath(new URL('prediction.proto', import.meta.url))
const { hydrosphere } = loadPackageDefinition(loadSync(file, { keepCase: true, longs: Number }))

function predict({ request: { inputs } }, answer) {
  const kilometres = inputs.kilometres.double_val
  const litres = inputs.litres_per_100_km.double_val
  if (kilometres.some(distance => distance < 0)) {
    answer({ code: status.OUT_OF_RANGE, details: 'a distance is below 0' })
    return
  }
  const costs = kilometres.map((distance, trip) => (distance / 100) * litres[trip] * price)
  const { tensor_shape } = inputs.kilometres
  answer(null, { outputs: { costs: { dtype: DT_DOUBLE, tensor_shape, double_val: costs } } })
}

const server = new Server({ 'grpc.max_receive_message_length': 256 * 1024 * 1024 })
server.addService(hydrosphere.serving.runtime.PredictionService.service, { Predict: predict })
server.bindAsync(`127.0.0.1:${process.env.APP_PORT}`, ServerCredentials.createInsecure(), error => {
  if (error !== null) throw error
  console.log('ready for trips')
})
process.on('SIGTERM', () => server.tryShutdown(() => process.exit(0)))
