import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { after, before, suite, test } from 'node:test'
import { brotliCompressSync, deflateRawSync, deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib'
import { packElements } from './forms/element-bytes.ts'
import { bodyOf, readRefusal } from './forms/rest.ts'
import { answersStill } from './good-request.ts'
import { isExternal, openTarget, startServer, type Target } from './target.ts'

let target: Target
before(async () => {
  target = await openTarget()
})
after(() => target.close())

const JSON_BODY = Buffer.from(
  '{"id":"z","inputs":[{"name":"x","shape":[2],"datatype":"INT32","data":[1,2]}]}',
)

function infer(body: Buffer, headers: Record<string, string>, rest = target.rest): Promise<Response> {
  return fetch(new URL('/v2/models/echo/infer', rest), { method: 'POST', headers, body })
}

suite('compressed requests', () => {
  const encodings = {
    gzip: gzipSync,
    'x-gzip': gzipSync,
    deflate: deflateSync,
    // Some clients leave the zlib header out.
    ' Deflate ': deflateRawSync,
    identity: (body: Buffer) => body,
  }
  for (const [encoding, compress] of Object.entries(encodings)) {
    test(`${encoding}: JSON`, async () => {
      const response = await infer(compress(JSON_BODY), { 'content-encoding': encoding })
      assert.equal(response.status, 200, await response.clone().text())
      assert.equal(((await response.json()) as { id: unknown }).id, 'z')
    })

    test(`${encoding}: JSON and bytes, counted before compression`, async () => {
      const json = Buffer.from(
        '{"inputs":[{"name":"x","shape":[2],"datatype":"INT32","parameters":{"binary_data_size":8}}]}',
      )
      const body = compress(Buffer.concat([json, packElements('INT32', [1, 2])]))
      const headers = { 'content-encoding': encoding, 'inference-header-content-length': String(json.length) }
      const response = await infer(body, headers)
      const { outputs } = (await response.json()) as { outputs: { data: unknown }[] }
      assert.deepEqual(outputs[0]?.data, [1, 2])
    })
  }

  const broken: readonly {
    title: string
    encoding: string
    body: Buffer
    status: number
    message: RegExp
  }[] = [
    {
      title: 'an encoding that is not offered',
      encoding: 'br',
      body: brotliCompressSync(JSON_BODY),
      status: 415,
      message: /Content-Encoding: br is not offered; allowed: gzip, deflate, identity/,
    },
    {
      title: 'two encodings',
      encoding: 'gzip, deflate',
      body: JSON_BODY,
      status: 415,
      message: /gzip, deflate is not offered/,
    },
    { title: 'gzip that is none', encoding: 'gzip', body: JSON_BODY, status: 400, message: /not valid gzip/ },
    {
      title: 'gzip that is cut short',
      encoding: 'gzip',
      body: gzipSync(JSON_BODY).subarray(0, 30),
      status: 400,
      message: /not valid gzip/,
    },
    {
      title: 'deflate that is none',
      encoding: 'deflate',
      body: Buffer.from('x'.repeat(50)),
      status: 400,
      message: /not valid deflate/,
    },
    {
      title: 'a small body that would be a large one',
      encoding: 'gzip',
      body: gzipSync(Buffer.alloc(100 * 1024 * 1024)),
      status: 413,
      message: /larger than \d+ bytes/,
    },
  ]
  for (const { title, encoding, body, status, message } of broken) {
    test(title, async () => {
      const response = await infer(body, { 'content-encoding': encoding })
      const refusal = readRefusal(response, await bodyOf(response))
      assert.match(refusal.message, message)
      assert.equal(refusal.status, status)
      if (status === 415) assert.equal(refusal.headers['accept-encoding'], 'gzip, deflate')
      await answersStill(target.forms[0]!)
    })
  }
})

interface PlainAnswer {
  readonly encoding: string | undefined
  readonly vary: string | undefined
  readonly body: Buffer
}

/** fetch always accepts compressed answers and unpacks them; this does neither. */
async function askPlainly(headers: Record<string, string>, elements = 1000): Promise<PlainAnswer> {
  const call = request(new URL('/v2/models/echo/infer', target.rest), { method: 'POST', headers })
  const data = Array.from({ length: elements }, () => 7)
  call.end(JSON.stringify({ id: 'z', inputs: [{ name: 'x', shape: [elements], datatype: 'INT32', data }] }))
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  const { 'content-encoding': encoding, vary } = response.headers
  return { encoding, vary, body: Buffer.concat((await response.toArray()) as Buffer[]) }
}

suite('compressed answers', () => {
  const choices: Readonly<Record<string, 'gzip' | 'deflate' | undefined>> = {
    gzip: 'gzip',
    deflate: 'deflate',
    'gzip, deflate, br': 'gzip',
    'deflate;q=1, gzip;q=0.5': 'deflate',
    'gzip;q=0, deflate;q=0': undefined,
    'gzip;q=0, *': 'deflate',
    '*': 'gzip',
    '*;q=0': undefined,
    'identity;q=1, gzip;q=0.2': undefined,
    'identity;q=0.1, gzip;q=0.2': 'gzip',
    identity: undefined,
    br: undefined,
    '': undefined,
  }
  for (const [accepted, expected] of Object.entries(choices)) {
    test(`Accept-Encoding: ${accepted || '(empty)'} → ${expected ?? 'as it is'}`, async () => {
      const { encoding, vary, body } = await askPlainly({ 'accept-encoding': accepted })
      assert.equal(encoding, expected)
      assert.match(vary ?? '', /accept-encoding/i)
      const plain = encoding === 'gzip' ? gunzipSync(body) : encoding === 'deflate' ? inflateSync(body) : body
      assert.equal((JSON.parse(plain.toString()) as { id: unknown }).id, 'z')
    })
  }

  test('small answers are not worth it', async () => {
    assert.equal((await askPlainly({ 'accept-encoding': 'gzip' }, 1)).encoding, undefined)
  })

  test('without the header there is none', async () => {
    assert.equal((await askPlainly({})).encoding, undefined)
  })

  test('binary answers are compressed as a whole', async () => {
    const inputs = [
      { name: 'x', shape: [1000], datatype: 'INT32', data: Array.from({ length: 1000 }, () => 7) },
    ]
    const body = Buffer.from(JSON.stringify({ parameters: { binary_data_output: true }, inputs }))
    const response = await infer(body, { 'accept-encoding': 'gzip' })
    assert.equal(response.headers.get('content-encoding'), 'gzip')
    const plain = await bodyOf(response)
    const jsonLength = Number(response.headers.get('inference-header-content-length'))
    assert.equal(plain.length, jsonLength + 4000)
    assert.equal(plain.readInt32LE(jsonLength), 7)
  })
})

suite('limits of a body', { skip: isExternal }, () => {
  const MAX_BODY_BYTES = 4096
  let small: Target
  before(async () => {
    small = await startServer({ settings: { http_max_body_bytes: MAX_BODY_BYTES } })
  })
  after(() => small.close())

  test('a body at the limit is taken', async () => {
    const body = Buffer.from(JSON_BODY.toString().padEnd(MAX_BODY_BYTES))
    assert.equal((await infer(body, {}, small.rest)).status, 200)
  })

  const over = {
    'one byte over': { body: Buffer.from(JSON_BODY.toString().padEnd(MAX_BODY_BYTES + 1)), headers: {} },
    'over it once unpacked': {
      body: gzipSync(JSON_BODY.toString().padEnd(MAX_BODY_BYTES + 1)),
      headers: { 'content-encoding': 'gzip' },
    },
  }
  for (const [title, { body, headers }] of Object.entries(over)) {
    test(`a body ${title} is refused`, async () => {
      const response = await infer(body, headers, small.rest)
      const refusal = readRefusal(response, await bodyOf(response))
      assert.equal(refusal.status, 413)
      assert.match(refusal.message, /request body is larger than 4096 bytes/)
      await answersStill(small.forms[0]!)
    })
  }

  test('a body of unknown length is refused where it gets too long', async () => {
    const chunks = new ReadableStream({
      pull(controller) {
        controller.enqueue(Buffer.alloc(1024, ' '))
      },
    })
    const url = new URL('/v2/models/echo/infer', small.rest)
    const response = await fetch(url, { method: 'POST', body: chunks, duplex: 'half' })
    assert.equal(readRefusal(response, await bodyOf(response)).status, 413)
    await answersStill(small.forms[0]!)
  })
})
