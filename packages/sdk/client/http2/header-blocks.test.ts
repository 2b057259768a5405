import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http2'
import { type AddressInfo, connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { HeaderDecoder } from './header-decoder.ts'
import { decodeHuffman } from './huffman.ts'
import { ClientSession, type HeaderFields } from './index.ts'

const LIMITS = { maxFields: 10, maxBytes: 1000 }

/** A server that sends back the headers it gets, as trailers with a number that tells one request from the other. */
async function startMirror(t: TestContext) {
  const seen: IncomingHttpHeaders[] = []
  const server = createServer({ settings: { maxHeaderListSize: 65_535 } })
  server.on('stream', (stream, headers) => {
    seen.push(headers)
    const echoed = Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-')))
    stream.respond({ ':status': 200 }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers(echoed))
    stream.end()
    stream.resume()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  await once(socket, 'connect')
  const ready = Promise.withResolvers<void>()
  const session = new ClientSession(socket, { onReady: ready.resolve, onGoaway: () => {}, onClose: () => {} })
  await ready.promise
  t.after(() => {
    session.destroy()
    server.close()
  })
  const ask = (varying: readonly (readonly [string, string])[]) =>
    new Promise<HeaderFields | undefined>(resolve => {
      let trailers: HeaderFields | undefined
      session.open(
        { fixed: FIXED, varying, body: [], sizeBytes: 0 },
        {
          onResponse: () => {},
          onData: () => {},
          onTrailers: fields => {
            trailers = fields
          },
          onClosed: () => resolve(trailers),
        },
      )
    })
  return { seen, ask }
}

const FIXED = { ':method': 'POST', ':scheme': 'http', ':authority': 'a', ':path': '/p', 'x-fixed': 'always' }
const text = fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map(code => String.fromCharCode(code)) })
const name = fc
  .string({ unit: fc.constantFrom('a', 'b', 'q', 'z', '-', '0', '9'), maxLength: 20 })
  .map(end => `x-${end}`)

test('headers of any names and values arrive, and come back, whatever stood in the tables before', async t => {
  const { seen, ask } = await startMirror(t)
  await fc.assert(
    fc.asyncProperty(fc.dictionary(name, text, { maxKeys: 8 }), async fields => {
      const given = { ...fields, 'grpc-timeout': '1S', 'x-request-id': 'id' }
      const trailers = await ask(Object.entries(given))
      const sent = seen.at(-1)!
      for (const [field, value] of Object.entries(given)) assert.equal(sent[field], value)
      for (const [field, value] of Object.entries(fields)) {
        if (field !== 'x-fixed') assert.equal(trailers?.get(field), value)
      }
      assert.equal(sent[':path'], '/p')
      assert.equal(sent['x-fixed'], fields['x-fixed'] ?? 'always')
    }),
    { numRuns: 200 },
  )
})

test('headers that are longer than a frame', async t => {
  const { seen, ask } = await startMirror(t)
  await ask([['x-long', 'v'.repeat(40_000)]])
  assert.equal(seen[0]!['x-long']?.length, 40_000)
})

test('blocks that are none are refused', () => {
  const blocks: Record<string, readonly number[]> = {
    'an entry that there is not': [0xff, 0x00],
    'entry 0': [0x80],
    'a name that is cut off': [0x40, 0x05, 0x61],
    'an integer without an end': [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    'a table beyond what there may be': [0x3f, 0xe2, 0x1f],
    'a text in Huffman code with too much behind it': [0x40, 0x82, 0x1f, 0xff, 0x00],
  }
  for (const [what, bytes] of Object.entries(blocks)) {
    assert.throws(
      () => new HeaderDecoder(LIMITS).decode(Uint8Array.from(bytes)),
      { name: 'Http2Error' },
      what,
    )
  }
})

test('any bytes are a block, or refused, and never more', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 5 }), blocks => {
      const decoder = new HeaderDecoder(LIMITS)
      try {
        for (const block of blocks) assert.ok((decoder.decode(block)?.size ?? 0) <= LIMITS.maxFields)
      } catch (error) {
        assert.equal((error as Error).name, 'Http2Error')
      }
    }),
  )
})

test('a block beyond the limits is read to its end, and what it enters is known later', () => {
  const decoder = new HeaderDecoder({ maxFields: 1, maxBytes: 100 })
  const a1 = [0x40, 1, 0x61, 1, 0x31]
  assert.equal(decoder.decode(Uint8Array.from([...a1, 0x40, 1, 0x62, 1, 0x32])), null)
  assert.deepEqual([...decoder.decode(Uint8Array.of(0xbf))!], [['a', '1']])
  assert.deepEqual([...decoder.decode(Uint8Array.of(0xbe))!], [['b', '2']])
  // The table is made smaller than it is.
  assert.equal(decoder.decode(Uint8Array.of(0x20))?.size, 0)
  assert.throws(() => decoder.decode(Uint8Array.of(0xbe)), { name: 'Http2Error' })
})

test('a text of the specification', () => {
  // RFC 7541, C.4.1.
  const bytes = Buffer.from('f1e3c2e5f23a6ba0ab90f4ff', 'hex')
  assert.equal(decodeHuffman(bytes, 0, bytes.length), 'www.example.com')
})
