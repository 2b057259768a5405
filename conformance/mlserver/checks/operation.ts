import type { Check } from '../check.ts'
import { type PlacedModel, withServer } from '../launchers/launcher.ts'
import { until } from '../launchers/until.ts'
import { grpcSum, member, outputData, rowsRequest, SUM_INFER, SUM_REQUEST } from '../questions.ts'
import type { RestClient } from '../target/rest-client.ts'
import { openTraceCollector } from '../trace-collector.ts'

const SUM: PlacedModel = { folder: 'sum', probe: 'sum-model' }
const TELEMETRY: PlacedModel = {
  folder: 't',
  probe: 'telemetry-model',
  settings: { parameters: { version: 'v1.0' } },
}

function cached(name: string): PlacedModel {
  return { folder: name, probe: 'batch-model', settings: { name, cache_enabled: true } }
}

/** The number of the call that an answer came from; the same id each time, since MLServer's key has it. */
async function callOf(rest: RestClient, model: string, value: number): Promise<unknown> {
  const answer = await rest.post(`/v2/models/${model}/infer`, rowsRequest([[value]], { id: 'same' }))
  return member(outputData(answer, 'call'), 0)
}

export const operationChecks: readonly Check[] = [
  {
    id: 'CACHE-43',
    reference: 'mlserver §24.43, §25.7',
    title: 'cache: a repeated request hits, another model has its own answers, the bound holds',
    isLaunching: true,
    deviation: "The model is part of the key; in MLServer two models return each other's answers.",
    run: (target, see) =>
      withServer(
        target,
        { models: [cached('a'), cached('b')], settings: { cache_enabled: true, cache_size: 2 } },
        async ({ rest }) => {
          const first = await callOf(rest, 'a', 1)
          see.same('repeated', await callOf(rest, 'a', 1), first)
          const other = await rest.post('/v2/models/b/infer', rowsRequest([[1]], { id: 'same' }))
          see.same('the other model', member(other.json, 'model_name'), 'b')
          for (const value of [2, 3, 4]) await callOf(rest, 'a', value)
          const again = await callOf(rest, 'a', 1)
          see.that('evicted by newer ones', again !== first)
        },
      ),
  },
  {
    id: 'LOG-45',
    reference: 'mlserver §24.45, §25.9',
    title: 'log as text: a line in model code has the model and its version',
    isLaunching: true,
    run: (target, see) =>
      withServer(target, { models: [TELEMETRY] }, async server => {
        await server.rest.post('/v2/models/telemetry-model/infer', SUM_REQUEST)
        const line = await until('the line', () => /.*probe says.*/.exec(server.log())?.[0], 5000)
        see.matches('line', line, /telemetry-model.*v1\.0/)
      }),
  },
  {
    id: 'LOG-45b',
    reference: 'mlserver §24.45, §22.10',
    title: 'log as JSON: every line parses, whatever the message; model and version are members',
    isLaunching: true,
    deviation: 'Messages are escaped; a quote or line break makes MLServer write what is no JSON.',
    run: (target, see) =>
      withServer(
        target,
        { models: [TELEMETRY], settings: { use_structured_logging: true } },
        async server => {
          await server.rest.post('/v2/models/telemetry-model/infer', SUM_REQUEST)
          await until('the line', () => server.log().includes('probe says'), 5000)
          const line =
            server
              .log()
              .split('\n')
              .find(text => text.includes('probe says')) ?? ''
          let parsed: unknown
          try {
            parsed = JSON.parse(line)
          } catch {
            see.fail(`no JSON: ${line}`)
            return
          }
          see.note(line)
          see.that('has the model', JSON.stringify(parsed).includes('"telemetry-model"'))
          see.that('has the version', JSON.stringify(parsed).includes('"v1.0"'))
        },
      ),
  },
  {
    id: 'TRACE-46',
    reference: 'mlserver §24.46, §25.9',
    title: 'traces over OTLP: a span for REST, one for gRPC, none for health',
    isLaunching: true,
    run: async (target, see) => {
      const collector = await openTraceCollector()
      try {
        await withServer(
          target,
          {
            models: [SUM],
            settings: { tracing_server: collector.address },
            environment: { OTEL_BSP_SCHEDULE_DELAY: '100' },
          },
          async ({ rest, grpc }) => {
            await rest.post(SUM_INFER, SUM_REQUEST)
            await grpc.call('ModelInfer', grpcSum())
            const names = ['POST /v2/models/{model_name}/infer', '/inference.GRPCInferenceService/ModelInfer']
            for (const name of names) {
              const isThere = await until(name, () => collector.text().includes(name), 5000).catch(
                () => false,
              )
              see.that(`a span ${name}`, isThere)
            }
            see.that('none for health', !collector.text().includes('/v2/health'))
          },
        )
      } finally {
        collector.close()
      }
    },
  },
  {
    id: 'KAFKA-47',
    reference: 'mlserver §24.47, §16, §25.10',
    title: 'Kafka: a round trip with the key as id; an error is not answered',
    deviation:
      'Errors are answered too, or go to a topic of their own; MLServer only logs them, and refuses the method infer.',
    run: async (_target, see) => see.notRun('it needs a Kafka broker; conformance/kafka brings one'),
  },
]
