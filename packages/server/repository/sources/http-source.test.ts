import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { type Handler, sendFile, startHttp } from './test/http-fixture.ts'
import { stagerBed, tarGzOf, tarOf } from './test/stager-bed.ts'

const WEIGHTS = 'weights '.repeat(20_000)

suite('a file behind http:', () => {
  test('is downloaded once, and again when its ETag changes', async t => {
    let content = 'first'
    const { origin, requests } = await startHttp(t, (request, response) =>
      sendFile(request, response, content),
    )
    const bed = await stagerBed(t)
    const first = await bed.stage(`${origin}/a/model.bin?signature=secret`)
    assert.equal(first.split('/').at(-1), 'model.bin')
    assert.deepEqual(await bed.read(first), { '': 'first' })
    assert.equal(await bed.stage(`${origin}/a/model.bin?signature=secret`), first)
    const path = '/a/model.bin?signature=secret'
    assert.deepEqual(requests, [`HEAD ${path}`, `GET ${path}`, `HEAD ${path}`])
    assert.doesNotMatch(bed.lines.join('\n'), /secret/)

    content = 'second'
    const second = await bed.stage(`${origin}/a/model.bin?signature=secret`)
    assert.deepEqual([await bed.read(first), await bed.read(second)], [{ '': 'first' }, { '': 'second' }])
  })

  test('is downloaded anew each time if nothing tells it from others; the same content stays where it is', async t => {
    const { origin, requests } = await startHttp(t, (_, response) => void response.end('x'))
    const bed = await stagerBed(t)
    const path = await bed.stage(`${origin}/model.bin`)
    assert.equal(await bed.stage(`${origin}/model.bin`), path)
    assert.equal(requests.filter(request => request.startsWith('GET')).length, 2)
    assert.equal((await bed.stagings()).length, 1)
  })

  test('may refuse HEAD, as signed URLs do', async t => {
    const { origin } = await startHttp(t, (request, response) => {
      if (request.method === 'HEAD') response.writeHead(403).end()
      else sendFile(request, response, 'x')
    })
    const bed = await stagerBed(t)
    assert.deepEqual(await bed.read(await bed.stage(`${origin}/model.bin`)), { '': 'x' })
  })

  test('gets user and password of the URL as basic credentials, which go nowhere else', async t => {
    const seen: (string | undefined)[] = []
    const other = await startHttp(t, (request, response) => {
      seen.push(request.headers.authorization)
      sendFile(request, response, 'x')
    })
    const { origin } = await startHttp(t, (request, response) => {
      seen.push(request.headers.authorization)
      response.writeHead(302, { location: `${other.origin}/x` }).end()
    })
    const bed = await stagerBed(t)
    await bed.stage(`${origin.replace('//', '//me:p%40ss@')}/model.bin`)
    const basic = `Basic ${Buffer.from('me:p@ss').toString('base64')}`
    assert.deepEqual(seen, [basic, undefined, basic, undefined])
    assert.doesNotMatch(bed.lines.join('\n'), /p%40ss|p@ss/)
  })

  test('is found behind a few redirects, and not behind a loop of them', async t => {
    const { origin, requests } = await startHttp(t, (request, response) => {
      const hop = Number(/^\/hop-(\d+)/.exec(request.url ?? '')?.[1])
      if (hop > 0) response.writeHead(307, { location: `/hop-${hop - 1}` }).end()
      else if (hop === 0) sendFile(request, response, 'x')
      else response.writeHead(302, { location: '/loop' }).end()
    })
    const bed = await stagerBed(t)
    assert.deepEqual(await bed.read(await bed.stage(`${origin}/hop-5`)), { '': 'x' })
    await assert.rejects(bed.stage(`${origin}/loop`), {
      code: 'FAILED_PRECONDITION',
      message: `${origin}/loop redirects more than 5 times`,
    })
    assert.equal(requests.filter(request => request === 'HEAD /loop').length, 6)
    assert.deepEqual(
      (await bed.stagings()).filter(name => name.startsWith('.')),
      [],
    )
  })

  test('is not looked for in another scheme', async t => {
    const { origin } = await startHttp(t, (_, response) => {
      response.writeHead(302, { location: 'file:///etc/passwd' }).end()
    })
    const bed = await stagerBed(t)
    await assert.rejects(bed.stage(`${origin}/x`), /redirects to file:, which is not followed$/)
  })
})

suite('what goes wrong', () => {
  test('two failures of the server, then an answer', async t => {
    const { origin } = await startHttp(t, (request, response, count) => {
      if (count < 2) response.writeHead(count === 0 ? 500 : 503).end()
      else sendFile(request, response, 'x')
    })
    const bed = await stagerBed(t)
    assert.deepEqual(await bed.read(await bed.stage(`${origin}/model.bin`)), { '': 'x' })
    assert.equal(bed.lines.filter(line => line.endsWith('; trying again')).length, 4)
  })

  test('a body that is cut off goes on where it ended', async t => {
    const { origin, requests } = await startHttp(t, (request, response, count) => {
      if (request.method === 'HEAD' || count > 1) return sendFile(request, response, WEIGHTS)
      const bytes = Buffer.from(WEIGHTS)
      const start = count === 0 ? 0 : Number(/\d+/.exec(request.headers.range ?? '')?.[0])
      assert.ok(count === 0 || start > 0)
      const headers = { 'content-length': bytes.length - start }
      const range = { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` }
      response.writeHead(count === 0 ? 200 : 206, count === 0 ? headers : { ...headers, ...range })
      return response.write(bytes.subarray(start, start + 50_000), () => response.destroy())
    })
    const bed = await stagerBed(t)
    assert.deepEqual(await bed.read(await bed.stage(`${origin}/model.bin`)), { '': WEIGHTS })
    assert.deepEqual(
      requests.map(request => request.replace(/\d+-$/, 'n-')),
      ['HEAD', 'GET', 'GET', 'GET'].map((method, index) =>
        index < 2 ? `${method} /model.bin` : `${method} /model.bin bytes=n-`,
      ),
    )
  })

  test('a server that cannot resume starts again', async t => {
    const { origin } = await startHttp(t, (request, response, count) => {
      delete request.headers.range
      if (request.method === 'HEAD' || count > 0) return sendFile(request, response, WEIGHTS)
      response.writeHead(200, { 'content-length': WEIGHTS.length })
      return response.write(WEIGHTS.slice(0, 50_000), () => response.destroy())
    })
    const bed = await stagerBed(t)
    assert.deepEqual(await bed.read(await bed.stage(`${origin}/model.bin`)), { '': WEIGHTS })
  })

  test('a file that becomes another meanwhile', async t => {
    const { origin } = await startHttp(t, (request, response) =>
      sendFile(request, response, String(request.method)),
    )
    const bed = await stagerBed(t)
    await assert.rejects(bed.stage(`${origin}/model.bin`), {
      code: 'FAILED_PRECONDITION',
      message: `${origin}/model.bin changed while it was downloaded; load it again`,
    })
    assert.deepEqual(await bed.stagings(), [])
  })

  const MAX = 1024
  const oversized: Record<string, Handler> = {
    'that is announced': (request, response) => sendFile(request, response, 'x'.repeat(MAX + 1)),
    'that is not announced': (request, response) => {
      response.writeHead(200)
      if (request.method !== 'HEAD') for (let part = 0; part < 64; part++) response.write('x'.repeat(100))
      response.end()
    },
  }
  for (const [title, handle] of Object.entries(oversized)) {
    test(`a size ${title}`, async t => {
      const { origin } = await startHttp(t, handle)
      const bed = await stagerBed(t, { maxBytes: MAX })
      await assert.rejects(bed.stage(`${origin}/model.bin`), {
        code: 'RESOURCE_EXHAUSTED',
        message: `${origin}/model.bin is refused: it has more than ${MAX} bytes (model_download_max_bytes)`,
      })
      assert.deepEqual(await bed.stagings(), [])
    })
  }

  test('the largest size is still allowed, after an interruption too', async t => {
    const content = 'x'.repeat(MAX)
    const { origin } = await startHttp(t, (request, response, count) => {
      delete request.headers.range
      if (request.method === 'HEAD' || count > 0) return sendFile(request, response, content)
      response.writeHead(200, { 'content-length': MAX })
      return response.write(content.slice(1), () => response.destroy())
    })
    const bed = await stagerBed(t, { maxBytes: MAX })
    assert.deepEqual(await bed.read(await bed.stage(`${origin}/model.bin`)), { '': content })
  })

  test('a connection that stands still is given up, and tried again', async t => {
    const { origin } = await startHttp(t, (request, response, count) => {
      if (request.method === 'HEAD' || count > 0) return sendFile(request, response, WEIGHTS)
      response.writeHead(200, { 'content-length': WEIGHTS.length })
      return response.write('wei')
    })
    const bed = await stagerBed(t, { stallTimeoutMs: 50 })
    assert.deepEqual(await bed.read(await bed.stage(`${origin}/model.bin`)), { '': WEIGHTS })
    assert.ok(
      bed.lines.some(line => line.includes('stands still: nothing has come for 0.05 s; trying again')),
    )
  })

  test('the load is given up', async t => {
    const load = new AbortController()
    const { origin } = await startHttp(t, (request, response) => {
      if (request.method === 'HEAD') return sendFile(request, response, WEIGHTS)
      response.writeHead(200, { 'content-length': WEIGHTS.length })
      return response.write('wei', () => load.abort(new Error('given up')))
    })
    const bed = await stagerBed(t)
    await assert.rejects(bed.stage(`${origin}/model.bin`, load.signal), /^Error: given up$/)
    assert.deepEqual(await bed.stagings(), [])
    await assert.rejects(bed.stage(`${origin}/model.bin`, load.signal), /^Error: given up$/)
  })

  test('answers that stay as they are', async t => {
    const { origin, requests } = await startHttp(t, (_, response) => void response.writeHead(404).end())
    const bed = await stagerBed(t)
    await assert.rejects(bed.stage(`${origin}/model.bin`), {
      code: 'FAILED_PRECONDITION',
      message: `${origin}/model.bin answered 404 Not Found`,
    })
    assert.equal(requests.length, 1)
  })

  test('nobody listens', async t => {
    const bed = await stagerBed(t)
    const refused = { code: 'UNAVAILABLE', message: /^http:\/\/127\.0\.0\.1:1\/x cannot be read: / }
    await assert.rejects(bed.stage('http://127.0.0.1:1/x'), refused)
    assert.equal(bed.lines.length, 3)
  })
})

suite('an archive', () => {
  const entries = [
    { path: 'm/model-settings.json', text: '{}' },
    { path: './m/weights.bin', text: 'w' },
  ]
  const content = { 'm/model-settings.json': '{}', 'm/weights.bin': 'w' }
  for (const [name, bytes] of Object.entries({
    'models.tar': tarOf(entries),
    'models.tar.gz': tarGzOf(entries),
    'models.TGZ': tarGzOf(entries),
  })) {
    test(`is unpacked: ${name}`, async t => {
      const { origin } = await startHttp(t, (request, response) => sendFile(request, response, bytes))
      const bed = await stagerBed(t)
      assert.deepEqual(await bed.read(await bed.stage(`${origin}/${name}`)), content)
    })
  }

  test('that a server sends as a coding of the body', async t => {
    const headers = { 'content-encoding': 'gzip' }
    const { origin } = await startHttp(t, (request, response) => {
      sendFile(request, response, tarGzOf(entries), headers)
    })
    const bed = await stagerBed(t)
    assert.deepEqual(await bed.read(await bed.stage(`${origin}/models.tar.gz`)), content)
  })
})

test('two loads of one URI download it once', async t => {
  const { origin, requests } = await startHttp(t, (request, response) => sendFile(request, response, 'x'))
  const bed = await stagerBed(t)
  const uri = `${origin}/model.bin`
  const [one, other] = await Promise.all([bed.stage(uri), bed.stage(uri)])
  assert.equal(one, other)
  assert.equal(requests.filter(request => request.startsWith('GET')).length, 1)
})

test('old downloads go, those in use and the latest two stay', async t => {
  let content = ''
  const { origin } = await startHttp(t, (request, response) => sendFile(request, response, content))
  const inUse: string[] = []
  const bed = await stagerBed(t, { inUse: () => inUse })
  for (content of ['1', '2', '3', '4']) {
    const path = await bed.stage(`${origin}/model.bin`)
    if (content === '1') inUse.push(path)
  }
  assert.equal((await bed.stagings()).length, 3)
  assert.deepEqual(await bed.read(inUse[0]!), { '': '1' })
})

test('a staging whose manifest is broken is made anew', async t => {
  const { origin } = await startHttp(t, (request, response) => sendFile(request, response, 'x'))
  const bed = await stagerBed(t)
  const path = await bed.stage(`${origin}/model.bin`)
  await writeFile(join(path, '../../manifest.json'), '{')
  assert.deepEqual(await bed.read(await bed.stage(`${origin}/model.bin`)), { '': 'x' })
})

test('paths and schemes of others come back as they are', async t => {
  const bed = await stagerBed(t)
  for (const uri of ['/models/iris', 'gs://bucket/iris', 'hf://org/model'])
    assert.equal(await bed.stage(uri), uri)
})
