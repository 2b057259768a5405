import type { Check } from '../check.ts'
import { type PlacedModel, withServer } from '../launchers/launcher.ts'
import { until } from '../launchers/until.ts'
import { grpcSum, SENTENCE, SUM_INFER, SUM_REQUEST } from '../questions.ts'
import type { Server } from '../target/target.ts'

const SUM: PlacedModel = { folder: 'sum', probe: 'sum-model' }
const WORDS_MODEL: PlacedModel = { folder: 'words', probe: 'text-stream-model' }
const STREAMS = /grpc_method="ModelStreamInfer"/
const FAMILIES = [
  'model_infer_request_success_total',
  'model_infer_request_duration',
  'rest_server_requests_total',
  'rest_server_request_duration_seconds',
  'rest_server_requests_in_progress',
  'grpc_server_started_total',
  'grpc_server_msg_received_total',
  'grpc_server_msg_sent_total',
  'grpc_server_handled_total',
  'grpc_server_handling_seconds',
]
const TELEMETRY: PlacedModel = {
  folder: 't',
  probe: 'telemetry-model',
  settings: { parameters: { version: 'v1.0' } },
}

/** Samples of a metric whose labels match. */
function samples(exposition: string, name: string, labels: RegExp = /./): number[] {
  return exposition
    .split('\n')
    .filter(line => line.startsWith(`${name}{`) && labels.test(line))
    .map(line => Number(line.slice(line.lastIndexOf(' ') + 1)))
}

/** The metrics once they say so, since a request is counted after its answer is out; after a while as they are. */
async function settled(
  metrics: Server['metrics'],
  isEnough: (exposition: string) => boolean,
): Promise<string> {
  const look = async () => (await metrics()).text
  const waited = until(
    'the metrics',
    async () => {
      const text = await look()
      return isEnough(text) && text
    },
    3000,
  )
  return waited.catch(look)
}

function grpcText(): object {
  const contents = { bytes_contents: [Buffer.from(SENTENCE)] }
  return {
    model_name: 'text-stream-model',
    inputs: [{ name: 'text', datatype: 'BYTES', shape: ['1'], contents }],
  }
}

export const metricsChecks: readonly Check[] = [
  {
    id: 'METRICS-44',
    reference: 'mlserver §24.44, §25.9',
    title: '5 requests: rest_server_requests_total 5 on the infer route, gRPC handled 5, health not counted',
    isLaunching: true,
    run: (target, see) =>
      withServer(target, { models: [SUM] }, async ({ rest, grpc, metrics }) => {
        const before = (await metrics()).text
        see.same('before', samples(before, 'rest_server_requests_total', /infer/), [])
        for (let count = 0; count < 5; count++) {
          await rest.post(SUM_INFER, SUM_REQUEST)
          await grpc.call('ModelInfer', grpcSum())
          await rest.get('/v2/health/ready')
        }
        const isCounted = (exposition: string) =>
          samples(exposition, 'rest_server_requests_total', /infer/)[0] === 5
        const text = await settled(metrics, isCounted)
        const route = /path="\/v2\/models\/\{model_name\}\/infer"/
        see.same('REST', samples(text, 'rest_server_requests_total', route), [5])
        see.same('duration', samples(text, 'rest_server_request_duration_seconds_count', /infer/), [5])
        see.same('gRPC', samples(text, 'grpc_server_handled_total', /ModelInfer"/), [5])
        see.same('health', samples(text, 'rest_server_requests_total', /health/), [])
        see.same(
          'success',
          samples(text, 'model_infer_request_success_total', /sum-model/).reduce((a, b) => a + b, 0),
          10,
        )
      }),
  },
  {
    id: 'METRICS-44b',
    reference: 'mlserver §24.44',
    title: 'another metrics path; nothing else on that port',
    isLaunching: true,
    run: (target, see) =>
      withServer(target, { models: [SUM], settings: { metrics_endpoint: '/prometheus' } }, async server => {
        see.same('/prometheus', (await server.metrics('/prometheus')).status, 200)
        see.same('/metrics', (await server.metrics('/metrics')).status, 404)
      }),
  },
  {
    id: 'METRICS-44c',
    reference: 'mlserver §24.44',
    title: 'metrics_endpoint null: nobody listens',
    isLaunching: true,
    run: (target, see) =>
      withServer(target, { models: [SUM], settings: { metrics_endpoint: null } }, async server => {
        const answer = await server.metrics('/metrics').catch((error: NodeJS.ErrnoException) => error.code)
        see.same('the port', answer, 'ECONNREFUSED')
      }),
  },
  ...[0, 1].map(
    (workers): Check => ({
      id: workers === 0 ? 'METRICS-44d' : 'METRICS-44e',
      reference: 'mlserver §24.44, §22.10, §25.9',
      title: `a model's own metric with ${workers === 0 ? 'no workers' : 'workers'}: exposed with model_name`,
      isLaunching: true,
      deviation: 'The same with workers as without; without them MLServer does not expose it.',
      run: (target, see) =>
        withServer(target, { models: [TELEMETRY], settings: { parallel_workers: workers } }, async server => {
          for (let count = 0; count < 5; count++) {
            await server.rest.post('/v2/models/telemetry-model/infer', SUM_REQUEST)
          }
          const { text } = await server.metrics()
          see.same('count', samples(text, 'probe_observations_count', /model_name="telemetry-model"/), [5])
        }),
    }),
  ),
  {
    id: 'METRICS-44f',
    reference: 'mlserver §14, §22.10',
    title: 'requests for unknown models do not add label values',
    deviation:
      'Names of unknown models are not kept as labels; in MLServer anybody can grow them without bound.',
    run: async ({ rest, metrics }, see) => {
      await rest.post('/v2/models/nobody-knows-me/infer', SUM_REQUEST)
      see.that('the name is nowhere', !(await metrics()).text.includes('nobody-knows-me'))
    },
  },
  {
    id: 'METRICS-44g',
    reference: 'mlserver §25.2 G12',
    title: '10 calls and 10 streams of 6 words: started, handled, messages received and sent',
    isLaunching: true,
    run: (target, see) =>
      withServer(target, { models: [SUM, WORDS_MODEL] }, async ({ grpc, metrics }) => {
        for (let count = 0; count < 10; count++) {
          await grpc.call('ModelInfer', grpcSum())
          const stream = await grpc.stream('ModelStreamInfer', [grpcText()], { answerLike: 'ModelInfer' })
          if (stream.code !== 'OK') see.fail(stream.details)
        }
        const text = await settled(
          metrics,
          exposition => samples(exposition, 'grpc_server_handled_total', STREAMS)[0] === 10,
        )
        const calls = /grpc_method="ModelInfer"/
        see.same('calls started', samples(text, 'grpc_server_started_total', calls), [10])
        const isOk = /grpc_method="ModelInfer".*grpc_code="OK"|grpc_code="OK".*grpc_method="ModelInfer"/
        see.same(
          'calls handled',
          samples(text, 'grpc_server_handled_total', isOk).filter(value => value > 0),
          [10],
        )
        see.same('streams received', samples(text, 'grpc_server_msg_received_total', STREAMS), [10])
        see.same('streams sent', samples(text, 'grpc_server_msg_sent_total', STREAMS), [60])
      }),
  },
  {
    id: 'METRICS-44h',
    reference: 'mlserver §14, §25.9',
    title: 'families of metrics by the names that dashboards know',
    run: async ({ rest, grpc, metrics }, see) => {
      await rest.post(SUM_INFER, SUM_REQUEST)
      await grpc.call('ModelInfer', grpcSum())
      await grpc.stream('ModelStreamInfer', [grpcText()], { answerLike: 'ModelInfer' })
      const text = await settled(metrics, exposition => exposition.includes('grpc_server_handled_total{'))
      for (const name of FAMILIES) see.that(name, text.includes(`# TYPE ${name} `))
    },
  },
]
