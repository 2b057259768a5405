import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createLogger, loadServerSettings } from '../base/index.ts'
import { serve } from '../serve.ts'
import { MOMENT, moment } from './moments.ts'
import { type Files, modelFiles, saying, startTestServer, type TestServer } from './test-server.ts'

const watching = (t: TestContext, files: Files) =>
  startTestServer(t, files, { watch_model_repository: true, parallel_workers: 0 })

/** Waits until the registry has changed so that `isSo`. */
async function until({ server }: Pick<TestServer, 'server'>, isSo: () => Promise<boolean>): Promise<void> {
  for (;;) {
    const { promise, resolve } = Promise.withResolvers<void>()
    const stop = server.registry.onChange(resolve)
    try {
      if (await isSo()) return
      await promise
    } finally {
      stop()
    }
  }
}

const loads = ({ log }: TestServer) =>
  log.filter(({ message }) => message === 'loaded' || message === 'reloaded').map(({ model }) => model)

test('a model is loaded when it comes, again when it changes, and unloaded when it goes; others stay as they are', async t => {
  const bed = await watching(t, modelFiles('other', saying('other')))
  await bed.server.started
  await bed.write(modelFiles('m', saying('first')))
  await until(bed, async () => (await bed.ask('m')) === 'first')
  await bed.write(modelFiles('m', saying('second')))
  await until(bed, async () => (await bed.ask('m')) === 'second')
  await bed.remove('m')
  await until(bed, async () => (await bed.ask('m')).startsWith('404'))
  assert.equal(await bed.ask('other'), 'other')
  assert.deepEqual(loads(bed), ['other', 'm', 'm'])
})

const version = (number: string) =>
  modelFiles(`m/${number}`, saying(number), { name: 'm', parameters: { version: number } })

test('a version that comes and goes', async t => {
  const bed = await watching(t, version('1'))
  await bed.server.started
  await bed.write(version('2'))
  await until(bed, async () => (await bed.ask('m')) === '2')
  await bed.remove('m/2')
  await until(bed, async () => (await bed.ask('m')) === '1')
})

test('a change that cannot be loaded leaves the old one serving, with the reason in the index, until it is mended', async t => {
  const bed = await watching(t, modelFiles('m', saying('old')))
  await bed.server.started
  const index = async () =>
    (await bed.post('/v2/repository/index')).body as { state: string; reason: string }[]
  const reasonIs = (reason: RegExp) => async () => reason.test((await index())[0]!.reason)
  await bed.write(modelFiles('m', saying('new', "load() { throw new Error('no weights') }")))
  await until(bed, reasonIs(/no weights/))
  assert.deepEqual([(await index())[0]?.state, await bed.ask('m')], ['READY', 'old'])
  await bed.write(modelFiles('m', saying('mended')))
  await until(bed, async () => (await bed.ask('m')) === 'mended')
  await until(bed, reasonIs(/^$/))
})

test('settings that cannot be read any more do not unload a model', async t => {
  const bed = await watching(t, { ...modelFiles('m', saying('old')), ...modelFiles('n', saying('1')) })
  await bed.server.started
  await bed.write({ 'm/model-settings.json': '{', ...modelFiles('n', saying('2')) })
  await until(bed, async () => (await bed.ask('n')) === '2')
  assert.equal(await bed.ask('m'), 'old')
  assert.ok(bed.log.some(({ message }) => /model-settings\.json, line 1/.test(String(message))))
})

test('the link that a volume of Kubernetes swaps', async t => {
  const bed = await watching(t, modelFiles('other', saying('other')))
  await bed.server.started
  const { folder } = bed.server.registry.find('other', undefined).instance!.settings
  const volume = join(folder, '../m')
  const fill = async (generation: string) => {
    const inside = join(volume, `..${generation}`)
    await mkdir(inside, { recursive: true })
    for (const [path, text] of Object.entries(modelFiles('.', saying(generation)))) {
      await writeFile(join(inside, path), text)
    }
    await symlink(`..${generation}`, join(volume, '..data_tmp'))
    await rename(join(volume, '..data_tmp'), join(volume, '..data'))
  }
  await fill('one')
  await symlink('..data/model.ts', join(volume, 'model.ts'))
  await symlink('..data/model-settings.json', join(volume, 'model-settings.json'))
  await until(bed, async () => (await bed.ask('m')) === 'one')
  await fill('two')
  await rm(join(volume, '..one'), { recursive: true })
  await until(bed, async () => (await bed.ask('m')) === 'two')
})

test('changes while the server starts are not lost', async t => {
  const slow = `${MOMENT}${saying('slow', "async load() { moment('load begun').resolve(); await moment('load may end').promise }")}`
  const bed = await watching(t, modelFiles('slow', slow))
  await moment('load begun').promise
  await bed.write(modelFiles('m', saying('new')))
  moment('load may end').resolve('')
  await until(bed, async () => (await bed.ask('m')) === 'new')
})

test('a repository that is no folder is not watched, which the log says', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'watch-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'repository.mjs'), 'export class Own { list() { return [] } find() {} }')
  const { settings } = await loadServerSettings({
    flags: {
      http_port: 0,
      grpc_port: 0,
      metrics_port: 0,
      watch_model_repository: true,
      model_repository_implementation: './repository.mjs:Own',
    },
    environment: {},
  })
  const lines: string[] = []
  const log = createLogger({ isStructured: false, level: 'info', write: line => void lines.push(line) })
  const server = await serve({ folder, settings, environment: {}, log })
  t.after(() => server.close())
  assert.deepEqual(await server.started, [])
  assert.match(
    lines.join(''),
    /watch_model_repository has no effect: only a repository that is a folder is watched/,
  )
})
