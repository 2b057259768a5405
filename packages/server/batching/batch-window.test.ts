import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BatchWindow } from './batch-window.ts'

const OPTIONS = { maxBatchSize: 64, maxQueueDelayMs: 50 }

interface Client {
  /** When its next request comes; infinity while it waits for an answer. */
  comesMs: number
  waitsSinceMs: number
}

interface Load {
  readonly clients: number
  /** Time from an answer to the client's next request. */
  readonly thinkMs: (client: number, round: number) => number
  readonly batchMs: (rows: number) => number
  readonly untilMs: number
  readonly options?: typeof OPTIONS
}

/** Plays clients that each send their next request upon an answer against one model. */
function play({ clients: count, thinkMs, batchMs, untilMs, options = OPTIONS }: Load) {
  const window = new BatchWindow(options)
  const clients: Client[] = Array.from({ length: count }, (_, index) => ({
    comesMs: index * 0.01,
    waitsSinceMs: Infinity,
  }))
  const batches: { readonly size: number; readonly heldMs: number }[] = []
  let running: { readonly members: Client[]; readonly startedMs: number; readonly endsMs: number } | null =
    null
  let [nowMs, idleSinceMs, round] = [0, 0, 0]
  const waiting: Client[] = []
  while (nowMs < untilMs) {
    let startMs = Infinity
    if (running === null && waiting.length > 0) {
      startMs = window.startMs(nowMs, { requests: waiting.length, rows: waiting.length })
      if (startMs <= nowMs) {
        const members = waiting.splice(0, options.maxBatchSize)
        window.started(members.length)
        batches.push({
          size: members.length,
          heldMs: nowMs - Math.max(idleSinceMs, members[0]!.waitsSinceMs),
        })
        running = { members, startedMs: nowMs, endsMs: nowMs + batchMs(members.length) }
        continue
      }
    }
    const next = clients.reduce((first, client) => (client.comesMs < first.comesMs ? client : first))
    nowMs = Math.min(next.comesMs, startMs, running?.endsMs ?? Infinity)
    if (running?.endsMs === nowMs) {
      const { members, startedMs } = running
      const durationMs = nowMs - startedMs
      window.finished({ requests: members.length, rows: members.length, durationMs, waiting: waiting.length })
      round++
      for (const member of members) member.comesMs = nowMs + thinkMs(clients.indexOf(member), round)
      idleSinceMs = nowMs
      running = null
    } else if (next.comesMs === nowMs) {
      window.arrived(nowMs)
      next.comesMs = Infinity
      next.waitsSinceMs = nowMs
      waiting.push(next)
    }
  }
  return batches
}

/** Times from `leastMs` on, spread over `spreadMs`, different for each client and round. */
const think = (leastMs: number, spreadMs: number) => (client: number, round: number) =>
  leastMs + (((client * 7 + round * 3) % 11) / 10) * spreadMs

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

for (const clients of [2, 4, 16, 40]) {
  for (const batchMs of [2, 10, 80]) {
    test(`${clients} clients of a model that takes ${batchMs} ms are answered together`, () => {
      const batches = play({
        clients,
        thinkMs: think(0.1, 0.3),
        batchMs: () => batchMs,
        untilMs: batchMs * 200,
      })
      const late = batches.slice(20)
      assert.ok(mean(late.map(({ size }) => size)) > 0.9 * clients, JSON.stringify(late.slice(-10)))
    })
  }
}

test('a single client never waits, whatever came before it', () => {
  const alone = play({ clients: 1, thinkMs: () => 0.2, batchMs: () => 10, untilMs: 1000 })
  assert.ok(alone.length > 50)
  assert.deepEqual(new Set(alone.map(({ heldMs }) => heldMs)), new Set([0]))
})

test('when all others leave, the last one waits for them a few times and no more', () => {
  const stopsMs = 50
  const thinkMs = (client: number, round: number) => (client > 0 && round > stopsMs ? Infinity : 0.2)
  const batches = play({ clients: 16, thinkMs, batchMs: () => 10, untilMs: 3000 })
  const alone = batches.slice(batches.findLastIndex(({ size }) => size > 1) + 1)
  assert.ok(alone.length > 100)
  const held = alone.filter(({ heldMs }) => heldMs > 0)
  assert.ok(held.length <= 4, `${held.length} of ${alone.length}`)
})

test('a model whose time grows with its rows alone is not waited for', () => {
  const batches = play({ clients: 8, thinkMs: think(1, 3), batchMs: rows => rows * 3, untilMs: 6000 })
  const late = batches.slice(batches.length / 2)
  assert.ok(mean(late.map(({ heldMs }) => heldMs)) < 0.1)
})

test('clients that think for long are hardly held back', () => {
  const batches = play({ clients: 3, thinkMs: think(150, 100), batchMs: () => 5, untilMs: 60_000 })
  assert.ok(mean(batches.map(({ heldMs }) => heldMs)) < 0.25)
})

test('a window lasts half a batch and the longest delay at most', () => {
  for (const [maxQueueDelayMs, batchMs, longestMs] of [
    [50, 10, 5],
    [3, 10, 3],
    [0.2, 10, 0],
    [50, 0.5, 0],
  ] as const) {
    const window = new BatchWindow({ maxBatchSize: 64, maxQueueDelayMs })
    for (let nowMs = 0; nowMs < 1; nowMs += 0.1) window.arrived(nowMs)
    window.finished({ requests: 1, rows: 1, durationMs: batchMs, waiting: 9 })
    assert.equal(window.startMs(100, { requests: 1, rows: 1 }), 100 + longestMs)
    assert.equal(window.startMs(100, { requests: 9, rows: 9 }), 100 + longestMs)
    // As many as were there lately, or a full batch, end it.
    assert.equal(window.startMs(100, { requests: 10, rows: 10 }), 100)
    assert.equal(window.startMs(100, { requests: 2, rows: 64 }), 100)
    assert.equal(window.startMs(100 + longestMs, { requests: 2, rows: 2 }), 100 + longestMs)
  }
})

test('a long night does not keep the morning from learning', () => {
  const window = new BatchWindow(OPTIONS)
  let nowMs = 0
  const round = () => {
    for (let client = 0; client < 8; client++) window.arrived((nowMs += 0.1))
    window.started(8)
    window.finished({ requests: 8, rows: 8, durationMs: 10, waiting: 0 })
    nowMs += 10
  }
  for (let count = 0; count < 10; count++) round()
  assert.ok(window.startMs(nowMs, { requests: 1, rows: 1 }) > nowMs)
  window.started(8)
  nowMs += 8 * 3600_000
  for (let count = 0; count < 4; count++) round()
  assert.ok(window.startMs(nowMs, { requests: 1, rows: 1 }) > nowMs)
})
