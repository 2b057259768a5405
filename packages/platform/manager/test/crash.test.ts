import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { IncomingHttpHeaders } from 'node:http'
import { type ClientHttp2Session, connect } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type ApplicationRecord, openStore } from '../../store/index.ts'
import { type CrashManager, openCrashManager } from './crash-manager-bed.ts'
import type { Operation, Said } from './crash-manager-fixture.ts'
import { scalerSignature } from './serving-bed.ts'

const ROUNDS = 3
const LONGEST_LIFE_MS = 700

async function crashFolder(
  t: TestContext,
): Promise<{ readonly folder: string; readonly versionIds: readonly number[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-manager-crash-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))
  await mkdir(join(folder, 'model', 'files'), { recursive: true })
  await writeFile(join(folder, 'model', 'contract.protobin'), '')
  const store = await openStore({ file: join(folder, 'millrace.db') })
  const versionIds: number[] = []
  for (const modelName of ['one', 'two']) {
    const runtime = { name: 'test', tag: '1', sha256: undefined }
    const { id } = await store.modelVersions.create({ modelName, runtime, signature: scalerSignature() })
    await store.modelVersions.release(id, undefined)
    versionIds.push(id)
  }
  await store.close()
  return { folder, versionIds }
}

test('whenever the manager is killed, its next life has what was answered, whole and running', async t => {
  const { folder, versionIds } = await crashFolder(t)
  /** What each application was last promised to be; missing where it was removed, or never was. */
  const promised = new Map<string, readonly number[]>()
  for (let round = 0; round < ROUNDS; round++) {
    const unanswered = await liveUntilKilled(t, folder, versionIds, promised)
    const manager = await openCrashManager(folder)
    try {
      await checkWhole(manager, promised, unanswered)
    } finally {
      await manager.close()
    }
  }
})

async function liveUntilKilled(
  t: TestContext,
  folder: string,
  versionIds: readonly number[],
  promised: Map<string, readonly number[]>,
): Promise<Operation | undefined> {
  const program = fileURLToPath(import.meta.resolve('./crash-manager-fixture.ts'))
  const args = ['--conditions=millrace-source', program, folder, ...versionIds.map(String)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const exit = once(child, 'exit')
  let isMarked = false
  let unanswered: Operation | undefined
  for await (const line of createInterface(child.stdout)) {
    if (!isMarked) {
      isMarked = true
      // The moment is what this is about.
      void delay(Math.random() * LONGEST_LIFE_MS).then(() => child.kill('SIGKILL'))
    }
    if (!line.endsWith('}}')) continue
    const { phase, operation } = JSON.parse(line) as Said
    unanswered = phase === 'begun' ? operation : undefined
    if (phase === 'begun') continue
    if (operation.kind === 'remove') promised.delete(operation.name)
    else promised.set(operation.name, operation.versions)
  }
  const [, signal] = (await exit) as [unknown, unknown]
  assert.equal(signal, 'SIGKILL')
  return unanswered
}

async function checkWhole(
  { store, discovery }: CrashManager,
  promised: Map<string, readonly number[]>,
  unanswered: Operation | undefined,
): Promise<void> {
  const applications = await store.applications.list()
  // What was begun and not answered either happened or did not; from here on it is promised as it is.
  if (unanswered !== undefined) {
    const { name } = unanswered
    const found = applications.find(application => application.name === name)
    const before = promised.get(name)
    const wanted = unanswered.kind === 'remove' ? undefined : unanswered.versions
    const is = found && versionsOf(found)
    assert.ok(
      same(is, before) || same(is, wanted),
      `${name} is [${String(is)}], was [${String(before)}], asked for [${String(wanted)}]`,
    )
    if (is === undefined) promised.delete(name)
    else promised.set(name, is)
  }
  assert.deepEqual(
    Object.fromEntries(applications.map(application => [application.name, versionsOf(application)])),
    Object.fromEntries(promised),
  )
  for await (const _change of store.changes.follow(0)) {
    const now = await store.applications.list()
    if (now.every(({ status, graph }) => status === 'Ready' && graph.previous === undefined)) break
  }
  assert.deepEqual([...discovery.table.applications.keys()].toSorted(), [...promised.keys()].toSorted())
  // What an update has replaced goes a little later.
  for await (const _change of store.changes.follow(0)) {
    const stages = (await store.applications.list()).flatMap(({ graph }) => graph.stages)
    const variants = stages.flatMap(({ modelVariants }) => modelVariants)
    const wanted = new Set(variants.map(({ servableName }) => servableName))
    const there = (await store.servables.list()).map(({ fullName }) => fullName)
    if (there.length === wanted.size && there.every(name => wanted.has(name))) break
  }
}

function versionsOf({ graph }: ApplicationRecord): readonly number[] {
  return graph.stages.flatMap(stage => stage.modelVariants.map(({ modelVersionId }) => modelVersionId))
}

function same(one: readonly unknown[] | undefined, other: readonly unknown[] | undefined): boolean {
  return String(one) === String(other) && (one === undefined) === (other === undefined)
}

test('no request fails while an application is updated', async t => {
  const { folder, versionIds } = await crashFolder(t)
  const manager = await openCrashManager(folder)
  const sessions = new Map<string, ClientHttp2Session>()
  try {
    const { applications, store, discovery } = manager
    const isReady = async () => {
      for await (const _change of store.changes.follow(0)) {
        if ((await store.applications.find('app'))?.status === 'Ready') return
      }
    }
    const { id } = await applications.create(request(versionIds[0]!))
    await isReady()
    const over = new AbortController()
    const answered = new Map<string, number>()
    const load = async () => {
      while (!over.signal.aborted) {
        const { servable } = discovery.table.applications.get('app')!.stages[0]!.variants[0]!
        const { address } = servable.endpoints[0]!
        const session = sessions.get(address) ?? connect(`http://${address}`)
        sessions.set(address, session)
        await askHealth(session)
        answered.set(servable.modelName, (answered.get(servable.modelName) ?? 0) + 1)
      }
    }
    const loads = Promise.all([load(), load(), load()])
    for (const version of [versionIds[1]!, versionIds[0]!, versionIds[1]!]) {
      await applications.update(id, request(version))
      await isReady()
    }
    // The last of those that were replaced has ended, too.
    for await (const _change of store.changes.follow(0)) {
      if ((await store.servables.list()).length === 1) break
    }
    over.abort()
    await loads
    assert.deepEqual([...answered.keys()].toSorted(), ['one', 'two'])
  } finally {
    for (const session of sessions.values()) session.destroy()
    await manager.close()
  }
})

function request(modelVersionId: number) {
  return { name: 'app', kafkaStreaming: [], stages: [[{ modelVersionId, weight: 100 }]] }
}

function askHealth(session: ClientHttp2Session): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const stream = session.request({
    ':method': 'POST',
    ':path': '/grpc.health.v1.Health/Check',
    'content-type': 'application/grpc',
    te: 'trailers',
  })
  session.once('error', reject)
  stream.once('trailers', (trailers: IncomingHttpHeaders) => {
    session.off('error', reject)
    if (trailers['grpc-status'] === '0') resolve()
    else reject(new Error(`grpc-status ${String(trailers['grpc-status'])}`))
  })
  stream.once('error', reject)
  stream.resume()
  stream.end(Buffer.alloc(5))
  return promise
}
