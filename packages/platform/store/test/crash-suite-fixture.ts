import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openStore, type Store, type StoreOptions } from '../index.ts'

interface Acknowledged {
  readonly id: number
  readonly text: string
}

/**
 * Kills writers at random moments, several times on the same database, and looks after each kill whether everything that
 * was acknowledged is there, and nothing that is half made.
 */
export async function crashRounds(options: StoreOptions, rounds: number, writers = 1): Promise<void> {
  const acknowledged: Acknowledged[] = []
  for (let round = 0; round < rounds; round++) {
    const seen = await Promise.all(Array.from({ length: writers }, () => writeUntilKilled(options)))
    acknowledged.push(...seen.flat())
    const store = await openStore(options)
    try {
      await checkWhole(store, acknowledged)
    } finally {
      await store.close()
    }
  }
}

async function writeUntilKilled(options: StoreOptions): Promise<Acknowledged[]> {
  const program = fileURLToPath(new URL('./crash-writer-fixture.ts', import.meta.url))
  const args = ['--conditions=millrace-source', program, JSON.stringify(options)]
  const writer = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const isOver = once(writer, 'exit')
  const seen: Acknowledged[] = []
  const atLeast = 1 + Math.floor(Math.random() * 20)
  for await (const line of createInterface(writer.stdout)) {
    // A killed writer may leave half a line, which is no acknowledgement.
    if (!line.endsWith('}')) continue
    seen.push(JSON.parse(line) as Acknowledged)
    if (seen.length === atLeast) void delay(Math.random() * 10).then(() => writer.kill('SIGKILL'))
  }
  const [, signal] = (await isOver) as [unknown, unknown]
  assert.equal(signal, 'SIGKILL')
  return seen
}

async function checkWhole(store: Store, acknowledged: readonly Acknowledged[]): Promise<void> {
  const versions = await store.modelVersions.list()
  const byId = new Map(versions.map(version => [version.id, version]))
  for (const { id } of acknowledged) assert.ok(byId.has(id), `version id ${id} was acknowledged and is gone`)
  assert.deepEqual(
    versions.map(({ version }) => version),
    versions.map((_, index) => index + 1),
  )
  const selectors = await store.hostSelectors.list()
  assert.equal(selectors.length, versions.length)
  const texts = new Map(selectors.map(({ name, nodeSelector }) => [name, nodeSelector['text']]))
  for (const { id, payloadDigest } of versions) {
    const expected = texts.get(`selector-${id}`)
    const { lines } = await store.buildLogs.read(id)
    assert.deepEqual(
      lines.map(({ line }) => line),
      ['one', 'two', expected],
    )
    assert.equal(await text(await store.payloads.open(payloadDigest!)), expected)
  }
  for (const { id, text: expected } of acknowledged) assert.equal(texts.get(`selector-${id}`), expected)
  // A model, and for each version itself and its selector.
  assert.equal(await store.changes.lastSequence(), 1 + 2 * versions.length)
}
