import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startUp } from '../hydrosphere/bed/up-process.ts'

suite('the pages beside everything else', { concurrency: 1 }, () => {
  test('they are at the root, and nothing that programs ask has become a page', async () => {
    const up = await startUp()
    try {
      assert.match(up.printed(), /UI +(http:\S+)\/\n +REST +\1/)
      const get = async (path: string) => {
        const response = await fetch(up.url + path)
        return {
          status: response.status,
          type: response.headers.get('content-type') ?? '',
          text: await response.text(),
        }
      }
      for (const path of ['/', '/models', '/applications/none/edit', '/healthy']) {
        const { status, type, text } = await get(path)
        assert.equal(status, 200, path)
        assert.match(type, /^text\/html/)
        assert.match(text, /<div id="root">/)
      }
      const [, script = ''] = /src="(\/assets\/[^"]+\.js)"/.exec((await get('/')).text) ?? []
      assert.equal((await get(script)).status, 200)
      const statuses = {
        '/health': 200,
        '/v2': 200,
        '/v2/models/none': 404,
        '/api/v2/nothing': 404,
        '/v2/nothing': 404,
      }
      for (const [path, status] of Object.entries(statuses)) {
        const answer = await get(path)
        assert.equal(answer.status, status, path)
        assert.doesNotMatch(answer.type, /html/, path)
      }
      // No page of somebody else's, and no name that somebody else gave this machine.
      const post = await fetch(`${up.url}/gateway/application/none`, { method: 'POST', body: '{}' })
      assert.equal(post.status, 404)
    } finally {
      await up.stop()
    }
  })

  test('--no-ui leaves them out', async () => {
    const up = await startUp({ args: ['--no-ui'] })
    try {
      assert.match(up.printed(), /UI +off/)
      const { status } = await fetch(`${up.url}/models`)
      assert.equal(status, 404)
    } finally {
      await up.stop()
    }
  })
})
