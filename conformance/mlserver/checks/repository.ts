import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Check } from '../check.ts'
import { type LaunchedServer, type PlacedModel, withServer } from '../launchers/launcher.ts'
import { grpcSum, marksFolder, member, outputData, SUM_REQUEST, textRequest } from '../questions.ts'

/** One version of the sum model, under the name `m`. */
function version(text: string | undefined, folder = `m/${text}`): PlacedModel {
  return {
    folder,
    probe: 'sum-model',
    settings: { name: 'm', parameters: text === undefined ? {} : { version: text } },
  }
}

function uriModel(folder: string, uri: string | undefined): PlacedModel {
  const settings = { name: folder, parameters: uri === undefined ? {} : { uri } }
  return { folder, probe: 'uri-model', settings }
}

async function defaultVersion({ rest }: LaunchedServer, model = 'm'): Promise<unknown> {
  const { json } = await rest.post(`/v2/models/${model}/infer`, SUM_REQUEST)
  return member(json, 'model_version')
}

async function indexed({ rest }: Pick<LaunchedServer, 'rest'>, body: object = {}): Promise<unknown[]> {
  const { json } = await rest.post('/v2/repository/index', body)
  return Array.isArray(json) ? (json as unknown[]) : []
}

/** How long a server may take to find out that it cannot start. */
const START_MS = 20_000

export const repositoryChecks: readonly Check[] = [
  {
    id: 'REPO-28',
    reference: 'mlserver §24.28, §25.6, §25.10',
    title: 'discovery: nested folders, and the name of the folder where the file has none',
    isLaunching: true,
    run: (target, see) =>
      withServer(
        target,
        {
          models: [
            { folder: 'a/b/named', probe: 'sum-model', settings: { name: 'sum' } },
            { folder: 'nameless', probe: 'echo-model', settings: { name: undefined } },
          ],
        },
        async server => {
          const names = new Set((await indexed(server)).map(entry => member(entry, 'name')))
          see.that('nested', names.has('sum'))
          see.that('name of the folder', names.has('nameless'))
          see.same(
            'answer of the nameless',
            (await server.rest.post('/v2/models/nameless/infer', SUM_REQUEST)).status,
            200,
          )
        },
      ),
  },
  {
    id: 'REPO-28c',
    reference: 'mlserver §24.28, §4.1',
    title: 'a settings file that cannot be read ends the start, and the log names the file',
    isLaunching: true,
    deviation:
      'MLServer skips the file and is ready without the model, which a rollout then takes for a good revision.',
    run: (target, see) =>
      withServer(
        target,
        {
          models: [{ folder: 'sum', probe: 'sum-model' }],
          files: { 'broken/model-settings.json': '{"name": ' },
          waitFor: 'process',
        },
        async server => {
          const code = await Promise.race([server.exited, setTimeout(START_MS, undefined)])
          see.that(`exit code ${code} is not 0`, code !== 0 && code !== undefined)
          see.matches('log', server.log(), /broken/)
        },
      ),
  },
  {
    id: 'REPO-28b',
    reference: 'mlserver §24.28, §24.50, §8',
    title:
      "the URI of the artefact: by default the folder; relative, absolute and file: are resolved, another scheme is the model's own affair",
    isLaunching: true,
    run: async (target, see) => {
      const absolute = await marksFolder(tmpdir(), 'my.bin')
      const models = [
        uriModel('none', undefined),
        uriModel('relative', 'my.bin'),
        uriModel('absolute', join(absolute, 'my.bin')),
        uriModel('scheme', `file:${join(absolute, 'my.bin')}`),
        uriModel('other', 'elsewhere://bucket/key'),
      ]
      await withServer(target, { models, files: { 'relative/my.bin': '' } }, async ({ rest, folder }) => {
        const ask = async (name: string) => {
          const answer = await rest.post(`/v2/models/${name}/infer`, textRequest('x'))
          return member(outputData(answer), 0) ?? answer.text
        }
        see.same('none', await ask('none'), join(folder, 'none'))
        see.same('relative', await ask('relative'), join(folder, 'relative/my.bin'))
        see.same('absolute', await ask('absolute'), join(absolute, 'my.bin'))
        see.same('file:', await ask('scheme'), join(absolute, 'my.bin'))
        see.same('another scheme', await ask('other'), 'elsewhere://bucket/key')
      })
      await rm(absolute, { recursive: true })
    },
  },
  {
    id: 'REPO-29',
    reference: 'mlserver §24.29, §4.2',
    title: 'the default version: none over all, numbers by value, texts by order',
    isLaunching: true,
    run: async (target, see) => {
      const sets = {
        numbers: ['1', '2', '10'],
        mixed: ['v1.0.0', 'v1.2.3', 'v12.3.4'],
        few: ['v1', 'v3', 'v2'],
        long: ['v10', 'v3', 'v2'],
      }
      const models = Object.entries(sets).flatMap(([name, versions]) =>
        versions.map(text => ({
          ...version(text, `${name}/${text}`),
          settings: { name, parameters: { version: text } },
        })),
      )
      const unversioned = {
        folder: 'few/none',
        probe: 'sum-model',
        settings: { name: 'plain', parameters: {} },
      }
      const beside = {
        ...unversioned,
        folder: 'few/5',
        settings: { name: 'plain', parameters: { version: '5' } },
      }
      await withServer(target, { models: [...models, unversioned, beside] }, async server => {
        see.same('1, 2, 10', await defaultVersion(server, 'numbers'), '10')
        see.same('v1.0.0, v1.2.3, v12.3.4', await defaultVersion(server, 'mixed'), 'v12.3.4')
        see.same('v1, v3, v2', await defaultVersion(server, 'few'), 'v3')
        see.same('v10, v3, v2', await defaultVersion(server, 'long'), 'v3')
        see.same('none, 5', await defaultVersion(server, 'plain'), undefined)
        const empty = await server.grpc.call(
          'ModelInfer',
          grpcSum({ model_name: 'numbers', model_version: '' }),
        )
        see.same('empty version', empty.message['model_version'], '10')
      })
    },
  },
  {
    id: 'REPO-30',
    reference: 'mlserver §24.30, R9',
    title: 'index: READY and its version, filter, missing version left out, empty body tolerated',
    deviation: 'An empty body means "all", as stock Triton clients send it; MLServer answers 422.',
    run: async ({ rest }, see) => {
      const all = await indexed({ rest })
      const sum = all.find(entry => member(entry, 'name') === 'sum-model')
      see.same('sum-model', [member(sum, 'state'), member(sum, 'version')], ['READY', 'v1.2.3'])
      const echo = all.find(entry => member(entry, 'name') === 'echo-model')
      see.that('no version where there is none', echo !== undefined && member(echo, 'version') === undefined)
      const ready = await indexed({ rest }, { ready: true })
      see.that('ready only', ready.length > 0 && ready.every(entry => member(entry, 'state') === 'READY'))
      const empty = await rest.post('/v2/repository/index')
      see.same('empty body', [empty.status, Array.isArray(empty.json)], [200, true])
    },
  },
  {
    id: 'REPO-30b',
    reference: 'mlserver §24.30, §22.9, §25.6',
    title: 'index states of each version: a version that is not loaded is not READY; unloaded is UNAVAILABLE',
    isLaunching: true,
    deviation: "Each entry tells its own version's state; MLServer tells the default version's for all.",
    run: (target, see) =>
      withServer(target, { models: [version('1')] }, async server => {
        await server.place(version('2'))
        const state = async (text: string) =>
          member(
            (await indexed(server)).find(entry => member(entry, 'version') === text),
            'state',
          )
        see.same('loaded', await state('1'), 'READY')
        see.oneOf('never loaded', await state('2'), ['UNAVAILABLE', 'UNKNOWN'])
        await server.rest.post('/v2/repository/models/m/unload')
        see.same('unloaded', await state('1'), 'UNAVAILABLE')
        see.same('ready only', await indexed(server, { ready: true }), [])
      }),
  },
  {
    id: 'REPO-34',
    reference: 'mlserver §24.34, §20.2',
    title: "KServe's way: no settings file, the model from variables alone",
    isLaunching: true,
    run: async (target, see) => {
      const { launcher } = target
      const implementation = await launcher!.implementation('sum-model')
      const file = launcher!.name === 'millrace' ? 'model.ts' : 'sum_model.py'
      const source = new URL(`../repositories/${launcher!.name}/sum-model/${file}`, import.meta.url)
      const text = await readFile(source, 'utf8')
      await withServer(
        target,
        {
          files: { [file]: text },
          environment: {
            MLSERVER_MODEL_NAME: 'from-variables',
            MLSERVER_MODEL_IMPLEMENTATION: implementation,
            MLSERVER_MODEL_URI: '.',
          },
        },
        async ({ rest }) => {
          const answer = await rest.post('/v2/models/from-variables/infer', SUM_REQUEST)
          see.same('answer', outputData(answer), [6])
        },
      )
    },
  },
  {
    id: 'REPO-34b',
    reference: 'mlserver §24.34, §20.1',
    title: "ModelMesh's way over gRPC: empty start, a folder appears, load, infer, unload, second unload",
    isLaunching: true,
    run: async (target, see) => {
      const implementation = await target.launcher!.implementation('sum-model')
      const environment = {
        MLSERVER_LOAD_MODELS_AT_STARTUP: 'false',
        MLSERVER_MODEL_NAME: 'dummy-model',
        MLSERVER_MODEL_IMPLEMENTATION: implementation,
        MLSERVER_GRPC_MAX_MESSAGE_LENGTH: '-1',
      }
      await withServer(target, { environment }, async server => {
        const { grpc } = server
        see.same('ready', (await grpc.call('ServerReady', {})).message['ready'], true)
        const index = await grpc.call('RepositoryIndex', { ready: true })
        see.same('index', index.message['models'] ?? [], [])
        const id = 'sum__isvc-3642375d03'
        // Without an implementation of its own: that comes from the environment.
        await server.place({
          folder: id,
          probe: 'sum-model',
          settings: { name: id, implementation: undefined, parameters: { uri: join(server.folder, id) } },
        })
        see.same('load', (await grpc.call('RepositoryModelLoad', { model_name: id })).code, 'OK')
        const { message } = await grpc.call('ModelInfer', grpcSum({ model_name: id }))
        see.same('answer', member(message, 'outputs', 0, 'contents', 'int64_contents'), ['6'])
        see.same('unload', (await grpc.call('RepositoryModelUnload', { model_name: id })).code, 'OK')
        const again = await grpc.call('RepositoryModelUnload', { model_name: id })
        see.oneOf('again', again.code, ['NOT_FOUND', 'INVALID_ARGUMENT'])
      })
    },
  },
]
