import type { Check } from '../check.ts'
import { type PlacedModel, withServer } from '../launchers/launcher.ts'
import { until } from '../launchers/until.ts'
import { errorOf, events, member, outputData, textRequest } from '../questions.ts'
import type { RestClient } from '../target/rest-client.ts'

function worker(name: string, gid?: string): PlacedModel {
  const parameters = gid === undefined ? {} : { inference_pool_gid: gid }
  return { folder: name, probe: 'worker-model', settings: { name, parameters } }
}

async function workerOf(rest: RestClient, model: string): Promise<unknown> {
  return member(outputData(await rest.post(`/v2/models/${model}/infer`, textRequest('x'))), 0)
}

async function workersOf(rest: RestClient, model: string, count: number): Promise<Set<unknown>> {
  return new Set(await Promise.all(Array.from({ length: count }, () => workerOf(rest, model))))
}

export const workerChecks: readonly Check[] = [
  {
    id: 'WORK-40',
    reference: 'mlserver §24.40',
    title: 'two workers: both answer, under different identities',
    isLaunching: true,
    run: (target, see) =>
      withServer(target, { models: [worker('w')], settings: { parallel_workers: 2 } }, async ({ rest }) => {
        see.same('workers', (await workersOf(rest, 'w', 40)).size, 2)
      }),
  },
  {
    id: 'WORK-40b',
    reference: 'mlserver §24.40, §25.8',
    title: 'a worker that dies: its request fails with 500, the other serves, the number is restored',
    isLaunching: true,
    run: (target, see) =>
      withServer(target, { models: [worker('w')], settings: { parallel_workers: 2 } }, async ({ rest }) => {
        const before = await workersOf(rest, 'w', 40)
        const death = await rest.post('/v2/models/w/infer', textRequest('x', { parameters: { die: true } }))
        see.oneOf('the one that died', death.status, [500, 503])
        see.same('its error', typeof errorOf(death), 'string')
        const later = await Promise.all(
          Array.from({ length: 20 }, () => rest.post('/v2/models/w/infer', textRequest('x'))),
        )
        see.same('failures afterwards', later.filter(({ status }) => status !== 200).length, 0)
        const now = await until(
          'a new worker',
          async () => {
            const found = await workersOf(rest, 'w', 20)
            return found.size === 2 && [...found].some(one => !before.has(one)) && found
          },
          8000,
        )
        see.same('workers', now.size, 2)
      }),
  },
  {
    id: 'WORK-41',
    reference: 'mlserver §24.41',
    title: 'models of one pool group share workers, others have their own',
    isLaunching: true,
    run: (target, see) =>
      withServer(
        target,
        {
          models: [worker('a', 'one'), worker('b', 'one'), worker('c', 'two')],
          settings: { parallel_workers: 1 },
        },
        async ({ rest }) => {
          const [a, b, c] = await Promise.all(['a', 'b', 'c'].map(model => workerOf(rest, model)))
          see.same('same group', a, b)
          see.that(`another group has another worker`, a !== c)
          await rest.post('/v2/repository/models/c/unload')
          see.same('the others after an unload', await workerOf(rest, 'a'), a)
        },
      ),
  },
  {
    id: 'WORK-42',
    reference: 'mlserver §24.42',
    title: 'streams work with workers',
    isLaunching: true,
    deviation: "Streams cross to workers; MLServer falls back to the model's predict.",
    run: (target, see) =>
      withServer(target, { models: [worker('w')], settings: { parallel_workers: 2 } }, async ({ rest }) => {
        const answer = await rest.post('/v2/models/w/infer_stream', textRequest('x'))
        see.same('events', events(answer).length, 2)
      }),
  },
]
