import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openStore } from '../../store/index.ts'
import { temporaryFolder } from '../test/manager-bed.ts'
import { processIsGone } from '../test/process-bed.ts'
import { metadataOf, payloadOf, upload, type VersionJson } from '../test/upload-bed.ts'

const ROUNDS = Number(process.env['MILLRACE_CRASH_ROUNDS'] ?? 3)
const LONGEST_LIFE_MS = 250
const UPLOADS_MAX = 15

test('a killed manager loses no upload that it has acknowledged, and leaves nothing half made', async t => {
  const folder = await temporaryFolder(t)
  const pids = join(folder, 'pids')
  const payload = payloadOf({ 'data.txt': 'one\n', 'noise.bin': Buffer.alloc(200_000, 'noise') })
  const acknowledged = new Map<number, number>()
  for (let round = 0; round < ROUNDS; round++) {
    const { child, url } = await startChild(folder)
    const isOver = once(child, 'exit')
    const metadata = metadataOf('crash', {
      installCommand: `echo $$ >> ${pids}; echo built > built.txt; sleep ${round % 2 === 0 ? 0 : 1000}`,
    })
    const uploading = Array.from({ length: 3 }, async () => {
      for (let count = 0; count < UPLOADS_MAX; count++) {
        const response = await upload(url, metadata, payload).catch(() => undefined)
        const version = (await response?.json().catch(() => undefined)) as VersionJson | undefined
        if (version === undefined) return
        assert.equal(response?.status, 200, JSON.stringify(version))
        acknowledged.set(version.id, version.modelVersion)
      }
    })
    await delay(Math.random() * LONGEST_LIFE_MS)
    child.kill('SIGKILL')
    await isOver
    await Promise.all(uploading)
    for (const pid of await readLines(pids)) await processIsGone(Number(pid))
  }

  const { child, url } = await startChild(folder)
  const versions = (await (await fetch(`${url}/api/v2/model/version`)).json()) as VersionJson[]
  const isOver = once(child, 'exit')
  child.kill('SIGKILL')
  await isOver
  const byId = new Map(versions.map(version => [version.id, version]))
  for (const [id, number] of acknowledged) assert.equal(byId.get(id)?.modelVersion, number)
  assert.deepEqual(
    versions.map(({ modelVersion }) => modelVersion),
    versions.map((_, index) => index + 1),
  )
  for (const { status, finished } of versions) {
    assert.ok(status === 'Released' || status === 'Failed', status)
    assert.notEqual(finished, null)
  }
  const released = versions.filter(({ status }) => status === 'Released')
  const folders = await readdir(join(folder, 'data/versions')).catch(() => [])
  assert.deepEqual(
    folders.map(Number).sort((a, b) => a - b),
    released.map(({ id }) => id),
  )
  for (const { id } of released) {
    const files = join(folder, 'data/versions', String(id), 'model/files')
    assert.equal(await readFile(join(files, 'built.txt'), 'utf8'), 'built\n')
  }
  const store = await openStore({ file: join(folder, 'millrace.db') })
  try {
    for (const { id } of versions) assert.equal((await store.buildLogs.read(id)).isComplete, true)
  } finally {
    await store.close()
  }
})

async function startChild(folder: string): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const program = fileURLToPath(new URL('./killed-manager-fixture.ts', import.meta.url))
  const child = spawn(process.execPath, ['--conditions=millrace-source', program, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer]
  return { child, url: `http://127.0.0.1:${chunk.toString().trim()}` }
}

async function readLines(path: string): Promise<readonly string[]> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.split('\n').filter(line => line !== '')
}
