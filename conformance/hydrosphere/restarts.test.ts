import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openEvents } from './bed/event-stream.ts'
import type { VersionView } from './bed/manager-calls.ts'
import { bedOf } from './bed/up-bed.ts'
import { startUp } from './bed/up-process.ts'

test('check 33: a build that a crash has interrupted is Failed, says so, and its number is used up', async t => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'millrace-restart-'))
  t.after(() => rm(dataFolder, { recursive: true, force: true, maxRetries: 5 }))
  const files = { 'src/func_main.mjs': 'export const scale = () => ({})\n' }
  const first = bedOf(await startUp({ dataFolder }))
  t.after(() => first.close())
  const upload = { name: 'cut', files, more: { installCommand: 'echo begun; sleep 613' } }
  const { id } = (await first.upload(upload)).json as VersionView
  const log = await openEvents(`${first.up.url}/api/v2/model/version/${id}/logs`)
  await log.next(({ data }) => data === 'begun')
  await first.up.kill()
  await log.close()

  const second = bedOf(await startUp({ dataFolder }))
  t.after(() => second.close())
  const version = await second.ok<VersionView>('GET', '/api/v2/model/version/cut/1')
  assert.equal(version.status, 'Failed')
  assert.match(version['finished'] as string, /^\d{4}-/)
  const kept = await (await openEvents(`${second.up.url}/api/v2/model/version/${id}/logs`)).rest()
  assert.ok(kept.some(({ data }) => data === 'begun'))
  assert.equal(kept.at(-1)?.event, 'EndOfStream')
  const next = (await second.upload({ name: 'cut', files })).json as VersionView
  assert.equal(next.modelVersion, 2)
})
