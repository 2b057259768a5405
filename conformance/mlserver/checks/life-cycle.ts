import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { connect as connectSocket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Check } from '../check.ts'
import type { Findings } from '../findings.ts'
import { withServer } from '../launchers/launcher.ts'
import { until } from '../launchers/until.ts'
import { marksFolder, member, outputData, SUM_REQUEST, textRequest } from '../questions.ts'
import type { Target } from '../target/target.ts'

const SUM = { folder: 'sum', probe: 'sum-model' }
const SLOW_INFER = '/v2/models/slow-model/infer'

function slow(marks: string) {
  return { folder: 'slow', probe: 'slow-model', settings: { parameters: { extra: { marks } } } }
}

/** Resolves to whether nobody accepts connections there any more. */
function isRefused(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url)
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connectSocket(Number(port), hostname)
  socket.on('connect', () => {
    socket.destroy()
    resolve(false)
  })
  socket.on('error', () => resolve(true))
  return promise
}

async function stopWhileBusy(target: Target, see: Findings, isReleased: boolean): Promise<void> {
  const marks = await marksFolder(tmpdir())
  // With workers MLServer ends them first, and the request with them.
  const settings = isReleased ? {} : { shutdown_timeout: 1, parallel_workers: 0 }
  await withServer(target, { models: [slow(marks)], settings }, async server => {
    const answer = server.rest.post(SLOW_INFER, textRequest('x')).catch((error: unknown) => error as Error)
    await until('the request to reach the model', () => existsSync(join(marks, 'entered')))
    server.kill('SIGTERM')
    if (isReleased) {
      await until('new connections to be refused', () => isRefused(server.rest.url), 10_000)
      await writeFile(join(marks, 'release'), '')
      const settled = await answer
      see.same('request in progress', settled instanceof Error ? settled.message : settled.status, 200)
    }
    const ended = await Promise.race([
      server.exited,
      setTimeout(12_000, 'still running after 12 s', { ref: false }),
    ])
    see.same('exit', ended, 0)
    if (isReleased) see.that('unload was called', existsSync(join(marks, 'unloaded')))
  })
  await rm(marks, { recursive: true })
}

export const lifeCycleChecks: readonly Check[] = [
  {
    id: 'LIFE-1',
    reference: 'mlserver §24.1',
    title: "the folder's settings.json sets ports, host and name",
    isLaunching: true,
    run: (target, see) =>
      withServer(target, { models: [SUM], settings: { server_name: 'from-the-file' } }, async server => {
        see.same('name', member((await server.rest.get('/v2')).json, 'name'), 'from-the-file')
        see.same('gRPC port', (await server.grpc.call('ServerLive', {})).message, { live: true })
        see.same('metrics port', (await server.metrics()).status, 200)
      }),
  },
  {
    id: 'LIFE-2',
    reference: 'mlserver §24.2',
    title: 'file over environment over .env over default',
    isLaunching: true,
    run: (target, see) =>
      withServer(
        target,
        {
          models: [SUM],
          settings: { server_name: 'file' },
          environment: { MLSERVER_SERVER_NAME: 'environment', mlserver_server_version: 'environment' },
          files: { '.env': 'MLSERVER_SERVER_VERSION=dotenv\nMLSERVER_EXTENSIONS=["dotenv"]\n' },
        },
        async server => {
          const { json } = await server.rest.get('/v2')
          see.same('name', member(json, 'name'), 'file')
          see.same('version, a variable in lower case', member(json, 'version'), 'environment')
          const extensions = member(json, 'extensions')
          see.that('extensions come from .env', Array.isArray(extensions) && extensions.includes('dotenv'))
        },
      ),
  },
  {
    id: 'LIFE-3',
    reference: 'mlserver §24.3, §25.10; open-inference §18.1, §18.2',
    title: 'live while a model loads, ready only after it',
    isLaunching: true,
    deviation:
      'Not ready is 503, which proxies and probes understand; MLServer says 400, which blames the request.',
    run: async (target, see) => {
      const marks = await marksFolder(tmpdir(), 'hold-load')
      await withServer(target, { models: [slow(marks)], waitFor: 'live' }, async server => {
        see.oneOf('ready while loading', (await server.rest.get('/v2/health/ready')).status, [400, 503])
        await rm(join(marks, 'hold-load'))
        await until('ready', async () => (await server.rest.get('/v2/health/ready')).status === 200)
        see.note('ready after it: 200')
      })
      await rm(marks, { recursive: true })
    },
  },
  {
    id: 'LIFE-4',
    reference: 'mlserver §24.4',
    title: 'a model that fails at start ends the process with a non-zero code, and ready is never 200',
    isLaunching: true,
    deviation: 'The exit code is not 0, so that a supervisor sees the failure; MLServer exits with 0.',
    run: (target, see) =>
      withServer(
        target,
        {
          models: [{ folder: 'e', probe: 'error-model', settings: { parameters: { load_error: true } } }],
          waitFor: 'process',
        },
        async server => {
          const seen = new Set<number>()
          const look = async () => {
            const answer = await server.rest.get('/v2/health/ready').catch(() => undefined)
            if (answer !== undefined) seen.add(answer.status)
            return Promise.race([server.exited, setTimeout(10, undefined)])
          }
          const code = await until('the process to end', async () => {
            const ended = await look()
            return ended === undefined ? undefined : { ended }
          })
          see.that(`exit code ${code.ended} is not 0`, code.ended !== 0)
          see.that(`ready was never 200 (seen: ${[...seen].join(', ') || 'refused'})`, !seen.has(200))
          see.matches('log', /.*something really bad happened.*/.exec(server.log())?.[0], /bad/)
        },
      ),
  },
  {
    id: 'LIFE-5a',
    reference: 'mlserver §24.5',
    title: 'SIGTERM: the request in progress gets its answer, new ones are refused, unload is called, exit 0',
    isLaunching: true,
    deviation:
      'First the listeners drain, then models are unloaded; MLServer ends its workers first, and never unloads.',
    run: (target, see) => stopWhileBusy(target, see, true),
  },
  {
    id: 'LIFE-5b',
    reference: 'mlserver §24.5',
    title: 'SIGTERM: a request that never ends does not keep the process',
    isLaunching: true,
    deviation: 'Draining has an upper bound (shutdown_timeout); MLServer waits for ever.',
    run: (target, see) => stopWhileBusy(target, see, false),
  },
  {
    id: 'LIFE-6',
    reference: 'mlserver §24.6',
    title: 'load_models_at_startup false: nothing is registered, ready is 200, the index lists the folder',
    isLaunching: true,
    run: (target, see) =>
      withServer(target, { models: [SUM], settings: { load_models_at_startup: false } }, async server => {
        see.same('metadata', (await server.rest.get('/v2/models/sum-model')).status, 404)
        const { json } = await server.rest.post('/v2/repository/index', {})
        see.same('state', member(json, 0, 'state'), 'UNAVAILABLE')
        await server.rest.post('/v2/repository/models/sum-model/load')
        const answer = await server.rest.post('/v2/models/sum-model/infer', SUM_REQUEST)
        see.same('answer after a load', outputData(answer), [6])
      }),
  },
]
