import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServingError } from '@millrace/sdk'
import type { EventSubscription, ManagerClient, ManagerEvent } from '@millrace/sdk/client'
import { type Waiting, waitUntil } from './wait-until.ts'

type Manager = Pick<ManagerClient, 'subscribe'>

const EVENT: ManagerEvent = { type: 'ApplicationRemove', data: 'a' }
const OTHER: ManagerEvent = { type: 'ApplicationRemove', data: 'b' }
const BROKEN = new ServingError('UNAVAILABLE', 'the answer broke off')

/** Each stream tells what its list holds, and then ends, or fails with what is last in it. */
function managerOf(streams: readonly (readonly (ManagerEvent | Error)[])[]) {
  const left = [...streams]
  const counts = { opened: 0, closed: 0 }
  const manager: Manager = {
    async subscribe(): Promise<EventSubscription> {
      const events = left.shift() ?? []
      counts.opened++
      return {
        close: () => void counts.closed++,
        async *[Symbol.asyncIterator]() {
          for (const event of events) {
            if (event instanceof Error) throw event
            yield event
          }
        },
      }
    },
  }
  return { manager, counts }
}

/** Reads these values one after the other; `done` is what is waited for. */
function waitingFor(values: readonly string[]) {
  const left = [...values]
  const changes: string[] = []
  const waiting: Waiting<string> = {
    what: 'application a',
    read: async () => left.shift() ?? 'nothing more',
    isDone: value => value === 'done',
    isAbout: event => event.data === 'a',
    onChange: value => void changes.push(value),
    timeoutMs: 60_000,
  }
  return { waiting, changes, left }
}

test('what is done already is read once, when events are being told', async () => {
  const { manager, counts } = managerOf([[EVENT]])
  const { waiting, changes } = waitingFor(['done'])
  assert.equal(await waitUntil(manager, waiting), 'done')
  assert.deepEqual([counts, changes], [{ opened: 1, closed: 1 }, []])
})

test('it is read again for events that are about it, and for no other', async () => {
  const { manager } = managerOf([[OTHER, EVENT, OTHER, EVENT]])
  const { waiting, changes, left } = waitingFor(['one', 'two', 'done', 'unread'])
  assert.equal(await waitUntil(manager, waiting), 'done')
  assert.deepEqual([changes, left], [['one', 'two'], ['unread']])
})

test('a stream that ends or breaks off is opened anew, and what was missed is read', async () => {
  const { manager, counts } = managerOf([[OTHER], [OTHER, BROKEN], [EVENT]])
  const { waiting } = waitingFor(['one', 'one', 'done'])
  assert.equal(await waitUntil(manager, waiting), 'done')
  assert.deepEqual(counts, { opened: 3, closed: 3 })
})

test('a server that tells nothing at all is given up', async () => {
  const { manager, counts } = managerOf([])
  const { waiting } = waitingFor(['one', 'one', 'one', 'one', 'one'])
  await assert.rejects(waitUntil(manager, waiting), {
    code: 'UNAVAILABLE',
    message: 'the server stopped telling what happens to application a',
  })
  assert.equal(counts.opened, counts.closed)
})

test('other failures end it', async () => {
  const refused = new ServingError('NOT_FOUND', 'it is gone')
  const { manager, counts } = managerOf([[EVENT, refused]])
  const { waiting } = waitingFor(['one', 'two'])
  await assert.rejects(waitUntil(manager, waiting), refused)
  assert.deepEqual(counts, { opened: 1, closed: 1 })
})
