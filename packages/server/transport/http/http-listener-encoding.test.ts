import assert from 'node:assert/strict'
import { get } from 'node:http'
import { test } from 'node:test'
import { deflateRawSync, deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib'
import * as fc from 'fast-check'
import type { HttpRoute } from './http-types.ts'
import { bytes, errorOf, exchangeRaw, request, startListener, text } from './listener-fixture.ts'

const echo: HttpRoute = {
  method: 'POST',
  path: '/echo/:align',
  async handle(incoming) {
    const alignAt = Number(incoming.params['align'])
    const body = await incoming.body(alignAt)
    return { status: 200, headers: { 'x-misaligned': String((body.byteOffset + alignAt) % 8) }, body }
  },
}

const ENCODERS = [
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['deflate', deflateSync],
  ['deflate', deflateRawSync],
  ['identity', (data: Uint8Array) => data],
] as const

test('a compressed body arrives as it was before, aligned', async t => {
  const { url } = await startListener(t, [echo])
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.uint8Array({ maxLength: 500 }), fc.constant(new Uint8Array(300_000).fill(7))),
      fc.constantFrom(...ENCODERS),
      fc.nat(16),
      fc.boolean(),
      async (sent, [encoding, encode], alignAt, isChunked) => {
        const wire = new Uint8Array(encode(sent))
        const response = await fetch(`${url}/echo/${alignAt}`, {
          method: 'POST',
          headers: { 'content-encoding': encoding, 'accept-encoding': 'identity' },
          ...(isChunked ? { body: new Blob([wire]).stream(), duplex: 'half' } : { body: wire }),
        })
        if (sent.byteLength > 0) assert.equal(response.headers.get('x-misaligned'), '0')
        assert.deepEqual(new Uint8Array(await response.arrayBuffer()), sent)
      },
    ),
    { numRuns: 60 },
  )
})

test('a gzip body of several members is one body', async t => {
  const { url } = await startListener(t, [echo])
  const body = Buffer.concat([gzipSync('ab'), gzipSync('cd')])
  const answer = await request(`${url}/echo/0`, {
    method: 'POST',
    body,
    headers: { 'content-encoding': 'gzip' },
  })
  assert.equal(answer.text, 'abcd')
})

test('another encoding is 415 with what is offered', async t => {
  const { url } = await startListener(t, [echo])
  const headers = { 'content-encoding': 'br' }
  const answer = await request(`${url}/echo/0`, { method: 'POST', body: 'x', headers })
  assert.equal(answer.status, 415)
  assert.equal(answer.headers.get('accept-encoding'), 'gzip, deflate')
  assert.equal(errorOf(answer.text).code, 'UNIMPLEMENTED')
})

test('another transfer encoding is 501', async t => {
  const { port } = await startListener(t, [echo])
  const head =
    'POST /echo/0 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\nConnection: close\r\n\r\n'
  assert.match(await exchangeRaw(t, port, `${head}0\r\n\r\n`), /^HTTP\/1\.1 501 .*gzip, chunked/s)
})

for (const [name, encoding, body] of [
  ['no gzip at all', 'gzip', bytes('not gzip')],
  ['cut short', 'gzip', gzipSync('hello world').subarray(0, 15)],
  ['followed by something else', 'gzip', Buffer.concat([gzipSync('hello'), bytes('more')])],
  ['followed by something else', 'deflate', Buffer.concat([deflateSync('hello'), bytes('more')])],
  ['no deflate at all', 'deflate', bytes('\xff\xff\xff')],
  ['with a wrong checksum', 'deflate', deflateSync('hello').fill(0, 9)],
] as const) {
  test(`a ${encoding} body that is ${name} is 400`, async t => {
    const { url } = await startListener(t, [echo])
    const headers = { 'content-encoding': encoding }
    const answer = await request(`${url}/echo/0`, { method: 'POST', body: new Uint8Array(body), headers })
    assert.equal(answer.status, 400)
    assert.match(errorOf(answer.text).error, new RegExp(`request body is not valid ${encoding}: `))
  })
}

const LONG = 'a response of some length; '.repeat(40)

function answering(body: HttpRoute['handle']): readonly HttpRoute[] {
  return [{ method: 'GET', path: '/', handle: body }]
}

async function rawBody(url: string, acceptEncoding: string): Promise<[Headers, Buffer]> {
  // fetch would decompress by itself, and hide what was sent.
  const { port } = new URL(url)
  return new Promise((resolve, reject) => {
    get({ port, headers: { 'accept-encoding': acceptEncoding }, agent: false }, response => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const headers = new Headers()
        for (const [name, values] of Object.entries(response.headersDistinct)) {
          headers.set(name, values?.join(', ') ?? '')
        }
        resolve([headers, Buffer.concat(chunks)])
      })
    }).on('error', reject)
  })
}

test('a response is compressed as the client prefers, all pieces together', async t => {
  const pieces = [bytes(LONG.slice(0, 300)), bytes(LONG.slice(300))]
  const { url } = await startListener(
    t,
    answering(() => ({ status: 200, headers: { vary: 'Origin' }, body: pieces })),
  )
  for (const [accept, encoding, decode] of [
    ['gzip, deflate', 'gzip', gunzipSync],
    ['gzip;q=0.2, deflate;q=0.8', 'deflate', inflateSync],
    ['gzip;q=0', null, (data: Buffer) => data],
  ] as const) {
    const [headers, body] = await rawBody(url, accept)
    assert.equal(headers.get('content-encoding'), encoding)
    assert.equal(headers.get('vary'), 'Origin, Accept-Encoding')
    assert.equal(headers.get('content-length'), String(body.byteLength))
    assert.equal(decode(body).toString(), LONG)
  }
})

test('a response that is small, encoded already, or of a listener without compression stays as it is', async t => {
  const [small] = await rawBody(
    (
      await startListener(
        t,
        answering(() => text(200, LONG.slice(0, 499))),
      )
    ).url,
    'gzip',
  )
  assert.equal(small.get('content-encoding'), null)
  assert.equal(small.get('vary'), null)
  const [encoded] = await rawBody(
    (
      await startListener(
        t,
        answering(() => text(200, LONG, { 'content-encoding': 'br' })),
      )
    ).url,
    'gzip',
  )
  assert.equal(encoded.get('content-encoding'), 'br')
  const [off] = await rawBody(
    (
      await startListener(
        t,
        answering(() => text(200, LONG)),
        { isCompressionEnabled: false },
      )
    ).url,
    'gzip',
  )
  assert.equal(off.get('content-encoding'), null)
})

test('a stream is not compressed', async t => {
  const { url } = await startListener(
    t,
    answering(() => ({ status: 200, body: stream() })),
  )
  const [headers, body] = await rawBody(url, 'gzip')
  assert.equal(headers.get('content-encoding'), null)
  assert.equal(body.toString(), LONG)
})

async function* stream(): AsyncGenerator<Uint8Array> {
  yield bytes(LONG)
}
