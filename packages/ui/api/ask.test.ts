import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { ApiError, ask, askText, messageOf } from './ask.ts'

test('the text of a refusal is found, whoever refuses', () => {
  const cases: [text: string, message: string][] = [
    ['{"message":"in use","error":"InvalidRequest"}', 'in use'],
    ['{"error":"NotFound","information":"no such application"}', 'no such application'],
    ['{"errors":["a","b"]}', 'a\nb'],
    ['{"error":"plain"}', 'plain'],
    ['Too large', 'Too large'],
    ['', 'The platform answered with status 502.'],
    ['<html>Bad gateway</html>', 'The platform answered with status 502.'],
    ['[1]', '[1]'],
  ]
  for (const [text, message] of cases) assert.equal(messageOf(502, text), message)
})

test('asks with JSON, and says when nobody answers', async t => {
  const seen: string[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', piece => void (body += String(piece)))
    request.on('end', () => {
      seen.push(`${request.method} ${request.headers['content-type']} ${body}`)
      response.writeHead(request.url === '/no' ? 400 : 200).end('{"message":"9007199254740993"}')
    })
  })
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  t.after(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  assert.deepEqual(await ask(`${url}/`, { method: 'POST', body: { a: 1 } }), { message: '9007199254740993' })
  assert.equal(
    await askText(`${url}/`, { method: 'PUT', body: '{"a": 1}' }),
    '{"message":"9007199254740993"}',
  )
  assert.deepEqual(seen, ['POST application/json {"a":1}', 'PUT application/json {"a": 1}'])
  await assert.rejects(ask(`${url}/no`), new ApiError(400, '9007199254740993'))
  const aborted = AbortSignal.abort(new Error('left'))
  await assert.rejects(ask(url, { signal: aborted }), { message: 'left' })
  server.closeAllConnections()
  await new Promise<void>(resolve => void server.close(() => resolve()))
  await assert.rejects(
    ask(url),
    (error: ApiError) => error.status === 0 && /Does millrace up/.test(error.message),
  )
})
