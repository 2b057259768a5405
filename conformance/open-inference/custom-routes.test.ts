import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { openTarget, type Target } from './target.ts'

let target: Target
before(async () => {
  target = await openTarget()
})
after(() => target.close())

function ask(init: RequestInit = { body: '[1,2,3,4]' }): Promise<Response> {
  return fetch(new URL('/my-custom-endpoint', target.rest), { method: 'POST', ...init })
}

function repository(verb: 'load' | 'unload'): Promise<Response> {
  const path = `/v2/repository/models/custom-endpoint/${verb}`
  return fetch(new URL(path, target.rest), { method: 'POST' })
}

test('a route of a model: plain, compressed, gone after unload, present after load and reload', async () => {
  assert.equal(await (await ask()).text(), '10')
  const packed = { body: gzipSync('[1,2,3,4]'), headers: { 'content-encoding': 'gzip' } }
  assert.equal(await (await ask(packed)).text(), '10')
  assert.equal((await ask({ body: '[1' })).status, 400)
  assert.equal((await ask({ method: 'GET' })).status, 405)

  assert.equal((await repository('unload')).status, 200)
  assert.equal((await ask()).status, 404)
  for (const time of ['load', 'reload']) {
    assert.equal((await repository('load')).status, 200, time)
    assert.equal(await (await ask()).text(), '10', time)
  }
})
