import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openStore, type Store } from '../../store/index.ts'
import { QUIET, temporaryFolder } from '../test/manager-bed.ts'
import { SIGNATURE } from '../test/upload-bed.ts'
import { createEventBus } from './event-bus.ts'
import type { ManagerEvent } from './manager-event.ts'

const RUNTIME = { name: 'a', tag: 'b', sha256: undefined }

async function busOf(t: TestContext) {
  const folder = await temporaryFolder(t)
  const store = await openStore({ file: join(folder, 'millrace.db') })
  const errors: string[] = []
  const bus = await createEventBus(store, { ...QUIET, error: message => void errors.push(message) })
  t.after(async () => {
    await bus.close()
    await store.close()
  })
  return { store, bus, errors }
}

const create = (store: Store, modelName = 'm') =>
  store.modelVersions.create({ modelName, runtime: RUNTIME, signature: SIGNATURE })

test('tells of the end of builds, not of their beginning', async t => {
  const { store, bus } = await busOf(t)
  const seen: (readonly [string, unknown])[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const updated = Promise.withResolvers<void>()
  bus.on('ModelUpdate', ({ version }) => {
    seen.push([version.status, version.version])
    if (version.version === 3) updated.resolve()
  })
  bus.on('ModelRemove', ({ versionId }) => {
    seen.push(['removed', versionId])
    if (versionId === 3) resolve()
  })
  const first = await create(store)
  await store.modelVersions.release(first.id, undefined)
  const second = await create(store)
  await store.modelVersions.fail(second.id, 'no')
  await store.modelVersions.createExternal({ modelName: 'm', signature: SIGNATURE })
  // Who looks at a change sees the row as it is then.
  await updated.promise
  await store.models.delete(1)
  await promise
  assert.deepEqual(seen, [
    ['Released', 1],
    ['Failed', 2],
    ['Released', 3],
    ['removed', 1],
    ['removed', 2],
    ['removed', 3],
  ])
})

test('followers get every event in order, and end when they are told to or the bus is closed', async t => {
  const { store, bus } = await busOf(t)
  const stop = new AbortController()
  const one = bus.follow(stop.signal)
  const other = bus.follow(new AbortController().signal)
  await store.modelVersions.createExternal({ modelName: 'm', signature: SIGNATURE })
  bus.publish({ type: 'ApplicationRemove', name: 'published' })
  const types: string[] = []
  for await (const { type } of one) {
    types.push(type)
    if (types.length === 2) stop.abort()
  }
  assert.deepEqual(types.toSorted(), ['ApplicationRemove', 'ModelUpdate'])
  const rest: ManagerEvent[] = []
  const reading = (async () => {
    for await (const event of other) rest.push(event)
  })()
  await bus.close()
  await reading
  assert.equal(rest.length <= 2, true)
})

test('a reader that is too far behind is told so', async t => {
  const { bus } = await busOf(t)
  const events = bus.follow(new AbortController().signal)
  for (let count = 0; count < 1_001; count++) bus.publish({ type: 'ApplicationRemove', name: `${count}` })
  let read = 0
  await assert.rejects(
    async () => {
      for await (const _ of events) read++
    },
    { code: 'RESOURCE_EXHAUSTED', message: /more than 1000 events behind/ },
  )
  assert.equal(read, 1_000)
})

test('a listener that throws is logged, and the others are told', async t => {
  const { bus, errors } = await busOf(t)
  const seen: string[] = []
  bus.onAny(() => {
    throw new Error('broken')
  })
  const stop = bus.onAny(({ type }) => void seen.push(type))
  bus.publish({ type: 'ApplicationRemove', name: 'x' })
  stop()
  bus.publish({ type: 'ApplicationRemove', name: 'y' })
  assert.deepEqual(seen, ['ApplicationRemove'])
  assert.deepEqual(errors, ['a listener of events failed', 'a listener of events failed'])
})
