import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Model, type ModelSettings, type RequestContext } from '@millrace/sdk'
import { createLogger, type JsonObject, loadServerSettings } from '../base/index.ts'
import { type RunningServer, serve } from '../serve.ts'

const MODELS = 5000
/** As many as still have series of their own. */
const KEPT = 100

/** Counts its requests in a metric that all have, and in one that is its own. */
class Counting extends Model {
  constructor(name: string) {
    const settings: ModelSettings = {
      name,
      version: undefined,
      implementation: 'hosted',
      folder: '',
      uri: '',
      platform: '',
      versionNotes: [],
      inputs: [],
      outputs: [],
      enforceContract: true,
      contentType: undefined,
      extra: {},
      parameters: {},
    }
    super(settings)
  }

  override async predict(_request: unknown, { metrics }: RequestContext) {
    metrics.counter('asked_total', 'Requests', { labels: ['who'] })(1, { who: 'anybody' })
    metrics.histogram(`seconds_of_${this.settings.name}`, 'Its own')(1)
    return { outputs: [{ name: 'y', datatype: 'INT32', shape: [1], data: [1] }] }
  }
}

async function start(t: TestContext, more: JsonObject = {}) {
  const { settings } = await loadServerSettings({
    flags: { http_port: 0, grpc_port: 0, metrics_port: 0, parallel_workers: 0, ...more },
    environment: {},
  })
  const log = createLogger({ isStructured: true, level: 'silent' })
  const server = await serve({ folder: null, settings, environment: {}, log })
  t.after(() => server.close())
  await server.started
  const scrape = async () => {
    const { host, port } = server.metrics!
    return (await fetch(`http://${host}:${port}/metrics`)).text()
  }
  return { server, scrape }
}

const CALL = {
  signal: new AbortController().signal,
  headers: { get: () => undefined, entries: () => [] },
  setHeader() {},
}

async function ask(server: RunningServer, modelName: string): Promise<void> {
  const request = { modelName, modelVersion: undefined, id: undefined, inputs: [], outputs: undefined }
  await server.dataPlane.infer({ ...request, parameters: {} }, CALL as never)
}

async function comeAndGo(server: RunningServer, from: number, to: number): Promise<void> {
  for (let index = from; index < to; index++) {
    const name = nameOf(index)
    await server.registry.host(new Counting(name))
    await ask(server, name)
    await server.registry.unload(name)
  }
}

/** All of one length, so that texts can be compared. */
function nameOf(index: number): string {
  return `m${String(index).padStart(5, '0')}`
}

function seriesOf(text: string): readonly string[] {
  return text.split('\n').filter(line => line !== '' && !/^# |^process_|^nodejs_/.test(line))
}

test('thousands of models that come and go leave the figures of a hundred', async t => {
  const { server, scrape } = await start(t)
  await comeAndGo(server, 0, 2 * KEPT)
  const early = await scrape()
  await comeAndGo(server, 2 * KEPT, MODELS)
  const late = await scrape()
  assert.equal(seriesOf(late).length, seriesOf(early).length)
  assert.ok(
    late.includes(`model="${nameOf(MODELS - 1)}"`) && late.includes(`model="${nameOf(MODELS - KEPT)}"`),
  )
  assert.ok(!late.includes(nameOf(MODELS - KEPT - 1)), 'nothing is left of the one before these')
  assert.ok(!late.includes(`seconds_of_${nameOf(0)}`))

  // One that comes back goes on where it was, and others have made room for it.
  await comeAndGo(server, 7, 8)
  const back = await scrape()
  assert.match(
    back,
    new RegExp(`^model_infer_request_success_total{model="${nameOf(7)}",version=""} 2$`, 'm'),
  )
  assert.match(
    back,
    new RegExp(`^asked_total{model_name="${nameOf(7)}",model_version="",who="anybody"} 1$`, 'm'),
  )
  assert.equal(seriesOf(back).length, seriesOf(late).length)
})

test('together they are counted on, and none is named but by what it registers while it is loaded', async t => {
  const { server, scrape } = await start(t, { metrics_per_model: false })
  await comeAndGo(server, 0, 3)
  await server.registry.host(new Counting('stays'))
  await ask(server, 'stays')
  const text = await scrape()
  assert.match(text, /^model_infer_request_success_total 4$/m)
  assert.match(text, /^model_infer_request_duration_count 4$/m)
  assert.doesNotMatch(text, /m0000|model_load_duration_seconds/)
  assert.match(text, /^asked_total{model_name="stays",model_version="",who="anybody"} 1$/m)
  assert.match(text, /^model_batch_rows_count 0$/m)
})

test("a model cannot take away what is the server's", async t => {
  const { server } = await start(t)
  class Taking extends Counting {
    override predict(_request: unknown, { metrics }: RequestContext): never {
      metrics.counter('process_cpu_user_seconds_total', 'Not its own')
      throw new Error('it was let have it')
    }
  }
  await server.registry.host(new Taking('taking'))
  await assert.rejects(ask(server, 'taking'), {
    code: 'ALREADY_EXISTS',
    message: /process_cpu_user_seconds_total/,
  })
})
