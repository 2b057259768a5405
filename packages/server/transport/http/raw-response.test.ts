import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytes } from './listener-fixture.ts'
import { serializeResponse } from './raw-response.ts'

test('is a whole HTTP/1.1 response that ends the connection', () => {
  const body = [bytes('{"a"'), bytes(':1}')]
  const raw = Buffer.from(
    serializeResponse({ status: 400, headers: { 'content-type': 'x/y' }, body }),
  ).toString()
  assert.match(raw, /^HTTP\/1\.1 400 Bad Request\r\nDate: [^\r]+ GMT\r\n/)
  assert.match(raw, /\r\ncontent-type: x\/y\r\nContent-Length: 7\r\nConnection: close\r\n\r\n\{"a":1\}$/)
})

test('has no body when there is none, or none that could be written at once', () => {
  for (const body of [undefined, stream()]) {
    assert.match(
      Buffer.from(serializeResponse({ status: 431, body })).toString(),
      /Content-Length: 0\r\n.*\r\n\r\n$/s,
    )
  }
})

async function* stream(): AsyncGenerator<Uint8Array> {
  yield bytes('never')
}
