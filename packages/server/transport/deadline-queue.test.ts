import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { DeadlineQueue, type Expiring } from './deadline-queue.ts'

class Entry implements Expiring {
  readonly expiresAtMs: number
  queueIndex = -1
  readonly #log: string[]
  readonly #name: string
  readonly #onDeadline: () => void

  constructor(name: string, delayMs: number, log: string[], onDeadline: () => void = () => {}) {
    this.#name = name
    this.#log = log
    this.#onDeadline = onDeadline
    this.expiresAtMs = performance.now() + delayMs
  }

  onDeadline(): void {
    assert.ok(performance.now() >= this.expiresAtMs, `${this.#name} expired too early`)
    this.#log.push(this.#name)
    this.#onDeadline()
  }
}

/** The queue's timer does not keep the process alive; in a listener the sockets do. */
function keepAlive(t: { after(fn: () => void): void }): void {
  const timer = setInterval(() => {}, 1000)
  t.after(() => clearInterval(timer))
}

test('deadlines pass one after the other, none too early', async t => {
  keepAlive(t)
  const log: string[] = []
  const queue = new DeadlineQueue()
  const last = new Promise<void>(resolve => {
    queue.add(new Entry('a', 5, log))
    queue.add(new Entry('b', 5, log))
    queue.add(new Entry('c', 25, log, resolve))
  })
  await last
  assert.deepEqual(log, ['a', 'b', 'c'])
  assert.equal(queue.size, 0)
})

test('what was deleted does not expire, and the timer finds the next', async t => {
  keepAlive(t)
  const log: string[] = []
  const queue = new DeadlineQueue()
  const next = new Promise<void>(resolve => {
    const first = new Entry('a', 5, log)
    queue.add(first)
    queue.add(new Entry('b', 20, log, resolve))
    queue.delete(first)
  })
  await next
  assert.deepEqual(log, ['b'])
})

test('works again after it was empty', async t => {
  keepAlive(t)
  const log: string[] = []
  const queue = new DeadlineQueue()
  await new Promise<void>(resolve => {
    queue.add(new Entry('a', 5, log, resolve))
  })
  await new Promise<void>(resolve => {
    queue.add(new Entry('b', 5, log, resolve))
  })
  assert.deepEqual(log, ['a', 'b'])
})

test('an earlier deadline passes before those that were there, and an infinite one never', async t => {
  keepAlive(t)
  const log: string[] = []
  const queue = new DeadlineQueue()
  const never = new Entry('never', Number.POSITIVE_INFINITY, log)
  queue.add(never)
  assert.equal(queue.size, 0)
  queue.delete(never)
  await new Promise<void>(resolve => {
    queue.add(new Entry('late', 20, log, resolve))
    queue.add(new Entry('later than timers count', 2 ** 40, log))
    queue.add(new Entry('early', 5, log))
  })
  assert.deepEqual(log, ['early', 'late'])
  assert.equal(queue.size, 1)
})

test('what a deadline brings about may come and go in the queue', async t => {
  keepAlive(t)
  const log: string[] = []
  const queue = new DeadlineQueue()
  await new Promise<void>(resolve => {
    const victim = new Entry('victim', 1, log)
    const start = new Entry('start', 0, log, () => {
      queue.delete(victim)
      queue.add(new Entry('end', 2, log, resolve))
    })
    queue.add(victim)
    queue.add(start)
  })
  assert.deepEqual(log, ['start', 'end'])
})

test('whatever is added and deleted in whatever order, the rest passes by its time', async t => {
  keepAlive(t)
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ delayMs: fc.nat(4), isDeleted: fc.boolean() }), { maxLength: 60 }),
      async steps => {
        const passed: Entry[] = []
        const queue = new DeadlineQueue()
        const entries = steps.map(({ delayMs }, index) => {
          const entry: Entry = new Entry(String(index), delayMs, [], () => passed.push(entry))
          return entry
        })
        for (const entry of entries) queue.add(entry)
        for (const [index, { isDeleted }] of steps.entries()) if (isDeleted) queue.delete(entries[index]!)
        const kept = entries.filter((_, index) => !steps[index]!.isDeleted)
        assert.equal(queue.size, kept.length)
        await new Promise<void>(resolve => {
          queue.add(new Entry('last', 5, [], resolve))
        })
        assert.deepEqual(
          passed.map(entry => entry.expiresAtMs),
          kept.map(entry => entry.expiresAtMs).sort((one, other) => one - other),
        )
        assert.ok(entries.every(entry => entry.queueIndex === -1))
      },
    ),
    { numRuns: 40 },
  )
})
