import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createServingBed } from '../test/serving-bed.ts'

test('host selectors are answered for, and not kept', async t => {
  const bed = await createServingBed(t)
  const path = '/api/v2/hostSelector'
  assert.deepEqual((await bed.ask('GET', path)).json, [])
  const made = await bed.ask('POST', path, { name: 'gpu', nodeSelector: { kind: 'gpu' } })
  assert.deepEqual(made, { status: 200, json: { id: 1, name: 'gpu', nodeSelector: { kind: 'gpu' } } })
  assert.equal((await bed.ask('GET', `${path}/gpu`)).status, 404)
  assert.equal((await bed.ask('POST', path, { name: 5 })).status, 400)
  const deleted = await fetch(`${bed.url}${path}/gpu`, { method: 'DELETE' })
  assert.deepEqual([deleted.status, await deleted.text()], [200, 'ok'])
})
