import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMeshClient } from '@millrace/sdk/client'
import { startOwnMesh } from './bed/own-mesh-bed.ts'

test('the client of a mesh registers, loads, moves aliases, and says what the mesh refuses', async t => {
  const bed = await startOwnMesh(t)
  const { host, port } = bed.server.grpc
  const client = createMeshClient({ target: `${host}:${port}` })
  t.after(() => client.close())
  const one = await bed.model('one')
  const two = await bed.model('two')
  assert.equal((await client.modelStatus('one')).status, 'NOT_FOUND')
  assert.equal((await client.registerModel('one', one)).status, 'NOT_LOADED')
  const loaded = await client.ensureLoaded('one', { isSync: true, lastUsedMs: 1_700_000_000_000.5 })
  assert.deepEqual([loaded.status, loaded.errors, loaded.copies[0]?.status], ['LOADED', [], 'LOADED'])
  assert.ok(loaded.copies[0]!.timeMs > 1_700_000_000_000)
  await assert.rejects(client.registerModel('one', two), {
    code: 'ALREADY_EXISTS',
    message: /different path/,
  })

  const alias = await client.setAlias('a', 'one', { owner: 'me' })
  assert.deepEqual(
    [alias.status, alias.activeId, alias.owner, alias.active?.status],
    ['DEFINED', 'one', 'me', 'LOADED'],
  )
  await assert.rejects(client.unregisterModel('one'), { code: 'FAILED_PRECONDITION' })
  await assert.rejects(client.setAlias('a', 'none'), { code: 'NOT_FOUND' })
  await assert.rejects(client.setAlias('b', 'one', { isUpdateOnly: true }), { code: 'NOT_FOUND' })
  const moved = await client.setAlias('a', 'two', {
    source: two,
    isTargetAutoDeleted: true,
    isSync: true,
    expectedTargetId: 'one',
  })
  assert.deepEqual([moved.status, moved.activeId, moved.targetId], ['DEFINED', 'two', 'two'])
  assert.equal((await client.aliasStatus('a', { owner: 'you' })).status, 'NOT_FOUND')
  await client.deleteAlias('a', { owner: 'me' })
  assert.equal((await client.modelStatus('two')).status, 'NOT_FOUND')
  await client.unregisterModel('one')
  assert.equal((await client.aliasStatus('a')).status, 'NOT_FOUND')
})
