import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Check } from '../check.ts'
import { type LaunchedServer, type PlacedModel, withServer } from '../launchers/launcher.ts'
import { until } from '../launchers/until.ts'
import {
  errorOf,
  marksFolder,
  member,
  outputData,
  SUM_INFER,
  SUM_REQUEST,
  textRequest,
} from '../questions.ts'

/** One version of the sum model, under the name `m`. */
function version(text: string | undefined, folder = `m/${text}`): PlacedModel {
  return {
    folder,
    probe: 'sum-model',
    settings: { name: 'm', parameters: text === undefined ? {} : { version: text } },
  }
}

async function defaultVersion({ rest }: LaunchedServer, model = 'm'): Promise<unknown> {
  const { json } = await rest.post(`/v2/models/${model}/infer`, SUM_REQUEST)
  return member(json, 'model_version')
}

async function indexed({ rest }: Pick<LaunchedServer, 'rest'>, body: object = {}): Promise<unknown[]> {
  const { json } = await rest.post('/v2/repository/index', body)
  return Array.isArray(json) ? (json as unknown[]) : []
}

export const repositoryLoadChecks: readonly Check[] = [
  {
    id: 'REPO-31',
    reference: 'mlserver §24.31, §25.6',
    title: 'load picks up a new version and removes one that is gone',
    isLaunching: true,
    run: (target, see) =>
      withServer(target, { models: [version('1')] }, async server => {
        await server.place(version('2'))
        see.same('load', (await server.rest.post('/v2/repository/models/m/load')).status, 200)
        see.same('default', await defaultVersion(server), '2')
        see.same('the old one too', (await server.rest.get('/v2/models/m/versions/1')).status, 200)
        await rm(join(server.folder, 'm/1'), { recursive: true })
        await server.rest.post('/v2/repository/models/m/load')
        see.same('stale', (await server.rest.get('/v2/models/m/versions/1')).status, 404)
        see.same('kept', (await server.rest.get('/v2/models/m/versions/2')).status, 200)
      }),
  },
  {
    id: 'REPO-31b',
    reference: 'mlserver §24.31, §25.6',
    title: 'a reload that fails leaves the old one serving',
    isLaunching: true,
    run: (target, see) =>
      withServer(
        target,
        { models: [{ folder: 'm', probe: 'text-model', settings: { name: 'm' } }] },
        async server => {
          const { launcher } = target
          const implementation = await launcher!.implementation('error-model')
          const settings = { name: 'm', implementation, parameters: { load_error: true } }
          await server.place({ folder: 'm', probe: 'error-model', settings })
          const load = await server.rest.post('/v2/repository/models/m/load')
          see.that(`load is refused with ${load.status}`, load.status >= 400)
          const answer = await server.rest.post('/v2/models/m/infer', textRequest('still here'))
          see.same('old one', outputData(answer), ['still here'])
          see.same('ready', (await server.rest.get('/v2/health/ready')).status, 200)
        },
      ),
  },
  {
    id: 'REPO-31c',
    reference: 'mlserver §24.31, §25.6',
    title: 'while a reload takes its time the old one serves, and ready stays 200',
    isLaunching: true,
    run: async (target, see) => {
      const marks = await marksFolder(tmpdir(), 'release')
      const model = (answer: string): PlacedModel => ({
        folder: 'slow',
        probe: 'slow-model',
        settings: { parameters: { extra: { marks, answer } } },
      })
      await withServer(target, { models: [model('old')] }, async server => {
        const ask = async () =>
          member(outputData(await server.rest.post('/v2/models/slow-model/infer', textRequest('x'))), 0)
        await writeFile(join(marks, 'hold-load'), '')
        await server.place(model('new'))
        const load = server.rest.post('/v2/repository/models/slow-model/load')
        see.same('meanwhile', await ask(), 'old')
        see.same('ready meanwhile', (await server.rest.get('/v2/health/ready')).status, 200)
        await rm(join(marks, 'hold-load'))
        see.same('load', (await load).status, 200)
        see.same('afterwards', await ask(), 'new')
      })
      await rm(marks, { recursive: true })
    },
  },
  {
    id: 'REPO-12',
    reference: 'mlserver §24.12, §25.6, §25.7',
    title: 'a model in its first load: listed, not ready with a text, and it answers afterwards',
    isLaunching: true,
    deviation: 'Not ready is 503 with Retry-After, which clients and proxies retry; MLServer says 400.',
    run: async (target, see) => {
      const marks = await marksFolder(tmpdir(), 'hold-load', 'release')
      const settings = { parameters: { extra: { marks } } }
      await withServer(target, { models: [{ folder: 'sum', probe: 'sum-model' }] }, async server => {
        await server.place({ folder: 'slow', probe: 'slow-model', settings })
        const load = server.rest.post('/v2/repository/models/slow-model/load')
        const ready = '/v2/models/slow-model/ready'
        await until('the load to begin', async () => (await server.rest.get(ready)).status !== 404)
        see.oneOf('ready', (await server.rest.get(ready)).status, [400, 503])
        const infer = await server.rest.post('/v2/models/slow-model/infer', textRequest('x'))
        see.oneOf('infer', infer.status, [400, 503])
        see.matches('text', errorOf(infer), /Model slow-model is not ready yet/)
        const state = (await indexed(server)).find(entry => member(entry, 'name') === 'slow-model')
        see.oneOf('state', member(state, 'state'), ['UNKNOWN', 'LOADING'])
        await rm(join(marks, 'hold-load'))
        await load
        const answer = await server.rest.post('/v2/models/slow-model/infer', textRequest('x'))
        see.same('afterwards', outputData(answer), ['done'])
      })
      await rm(marks, { recursive: true })
    },
  },
  {
    id: 'REPO-31d',
    reference: 'mlserver §25.6',
    title: 'a first load that fails: an error with its text, and nothing is registered',
    isLaunching: true,
    run: (target, see) =>
      withServer(target, { models: [{ folder: 'sum', probe: 'sum-model' }] }, async server => {
        const settings = { parameters: { load_error: true } }
        await server.place({ folder: 'e', probe: 'error-model', settings })
        const load = await server.rest.post('/v2/repository/models/error-model/load')
        see.same('load', load.status, 400)
        see.matches('text', errorOf(load), /something really bad happened/)
        see.same('metadata', (await server.rest.get('/v2/models/error-model')).status, 404)
        see.same('ready', (await server.rest.get('/v2/health/ready')).status, 200)
      }),
  },
  ...[0, 1].map(
    (workers): Check => ({
      id: workers === 0 ? 'REPO-32' : 'REPO-32b',
      reference: 'mlserver §24.32',
      title: `load() false with ${workers === 0 ? 'no workers' : 'workers'}: the load call is 200, the model not ready`,
      isLaunching: true,
      deviation: 'The same with workers as without; with workers MLServer serves the model all the same.',
      run: (target, see) =>
        withServer(
          target,
          { models: [{ folder: 'sum', probe: 'sum-model' }], settings: { parallel_workers: workers } },
          async server => {
            await server.place({ folder: 'u', probe: 'unready-model' })
            see.same('load', (await server.rest.post('/v2/repository/models/unready-model/load')).status, 200)
            see.oneOf('ready', (await server.rest.get('/v2/models/unready-model/ready')).status, [400, 503])
            const infer = await server.rest.post('/v2/models/unready-model/infer', SUM_REQUEST)
            see.oneOf('infer', infer.status, [400, 503])
          },
        ),
    }),
  ),
  {
    id: 'REPO-33',
    reference: 'mlserver §24.33, R10, R11',
    title: 'unload removes all versions; a second one is 404; load brings them back',
    isLaunching: true,
    run: (target, see) =>
      withServer(target, { models: [version('1'), version('2')] }, async ({ rest }) => {
        see.same('unload', (await rest.post('/v2/repository/models/m/unload')).status, 200)
        for (const path of ['', '/versions/1', '/versions/2', '/ready']) {
          see.same(`metadata${path}`, (await rest.get(`/v2/models/m${path}`)).status, 404)
        }
        see.same('infer', (await rest.post('/v2/models/m/infer', SUM_REQUEST)).status, 404)
        see.same('again', (await rest.post('/v2/repository/models/m/unload')).status, 404)
        see.same('load', (await rest.post('/v2/repository/models/m/load')).status, 200)
        see.same('back', (await rest.get('/v2/models/m/versions/1')).status, 200)
      }),
  },
  {
    id: 'REPO-35',
    reference: 'mlserver §25.1 R10, R11',
    title: 'unload and load of the sum model',
    isExclusive: true,
    run: async ({ rest }, see) => {
      see.same('unload', (await rest.post('/v2/repository/models/sum-model/unload')).status, 200)
      see.same('metadata', (await rest.get('/v2/models/sum-model')).status, 404)
      see.same('load', (await rest.post('/v2/repository/models/sum-model/load')).status, 200)
      see.same('answer', outputData(await rest.post(SUM_INFER, SUM_REQUEST)), [6])
    },
  },
]
