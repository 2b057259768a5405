import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeadlineQueue, type Expiring } from './deadline-queue.ts'

class Entry implements Expiring {
  readonly expiresAtMs: number
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

test('deadlines pass in the order they came, none too early', async t => {
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
