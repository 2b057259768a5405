import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createLogger, loadServerSettings } from '../base/index.ts'
import type { RepositoryChange } from '../lifecycle/index.ts'
import { type RunningServer, serve } from '../serve.ts'
import { type Files, modelFiles, saying } from './test-server.ts'

async function watching(t: TestContext, files: Files) {
  const folder = await mkdtemp(join(tmpdir(), 'watch-manner-'))
  const write = async (more: Files) => {
    for (const [path, text] of Object.entries(more)) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), text)
    }
  }
  await write(files)
  const { settings } = await loadServerSettings({
    flags: { http_port: 0, grpc_port: 0, metrics_port: 0, parallel_workers: 0, watch_model_repository: true },
    environment: {},
  })
  const changes: RepositoryChange[] = []
  const log: string[] = []
  let heard = Promise.withResolvers<void>()
  const server: RunningServer = await serve({
    folder,
    settings,
    environment: {},
    servesDespiteFailures: true,
    watch: {
      settleMs: 20,
      isIgnored: path => path.endsWith('.ignored'),
      onChange(change) {
        changes.push(change)
        heard.resolve()
        heard = Promise.withResolvers()
      },
    },
    log: createLogger({ isStructured: false, level: 'warn', write: line => void log.push(line) }),
  })
  t.after(async () => {
    await server.close()
    await rm(folder, { recursive: true })
  })
  /** What has been told when `model` is told of next. */
  const next = async (model: string) => {
    changes.length = 0
    while (!changes.some(change => change.model === model)) await heard.promise
    return changes.map(change => `${change.model} ${change.outcome}`)
  }
  return { folder, server, write, next, changes, log }
}

test('a server serves despite failures, and tells what each change has led to', async t => {
  const { folder, server, write, next, changes, log } = await watching(t, {
    ...modelFiles('good', saying('good')),
    ...modelFiles('bad', '('),
  })
  const failures = await server.started
  assert.deepEqual(
    failures.map(({ subject }) => subject),
    ['bad'],
  )
  assert.equal(server.dataPlane.isReady(), true)

  let told = next('bad')
  await write({ 'good/x.ignored': 'nothing', ...modelFiles('bad', saying('mended')) })
  assert.deepEqual(await told, ['bad loaded'])

  told = next('good')
  await write({ 'good/model-settings.json': '{' })
  assert.deepEqual(await told, ['good failed'])
  assert.match(String(changes[0]?.error), /model-settings\.json, line 1/)

  told = next('bad')
  await rm(join(folder, 'bad'), { recursive: true })
  assert.deepEqual(await told, ['bad unloaded'])
  assert.ok(!log.some(line => /changed, and could not be loaded/.test(line)))
})

test('what files import from the folder of their model counts when it is loaded anew', async t => {
  const { server, write, next } = await watching(t, {
    ...modelFiles('m', `import { text } from './deep/text.ts'\n${saying('').replace('[""]', '[text]')}`),
    'm/deep/text.ts': "export const text = 'one'",
  })
  assert.deepEqual(await server.started, [])
  const told = next('m')
  await write({ 'm/deep/text.ts': "export const text = 'two'" })
  assert.deepEqual(await told, ['m loaded'])
  const body = JSON.stringify({ inputs: [] })
  const answer = await fetch(`http://127.0.0.1:${server.rest.port}/v2/models/m/infer`, {
    method: 'POST',
    body,
  })
  const { outputs } = (await answer.json()) as { outputs: { data: string[] }[] }
  assert.deepEqual(outputs[0]?.data, ['two'])
})
