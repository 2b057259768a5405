import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { etagOf, type Handler, sendFile, startHttp } from './test/http-fixture.ts'
import { stagerBed, tarGzOf } from './test/stager-bed.ts'

/** What the library reads by itself. */
process.env['AWS_ACCESS_KEY_ID'] = 'id'
process.env['AWS_SECRET_ACCESS_KEY'] = 'key'
process.env['AWS_CONFIG_FILE'] = '/nonexistent'
process.env['AWS_SHARED_CREDENTIALS_FILE'] = '/nonexistent'

/** A store with one bucket, `models`, that lists two objects a page. */
async function store(t: TestContext, objects: Map<string, string | Buffer>, before: Handler = () => {}) {
  const http = await startHttp(t, (request, response, count) => {
    before(request, response, count)
    if (response.headersSent || response.destroyed) return
    const url = new URL(request.url ?? '', 'http://store')
    const key = decodeURIComponent(url.pathname).slice('/models/'.length)
    if (url.searchParams.get('list-type') === '2') {
      const after = url.searchParams.get('continuation-token') ?? ''
      const prefix = url.searchParams.get('prefix') ?? ''
      const keys = [...objects.keys()].filter(name => name.startsWith(prefix) && name > after).toSorted()
      response
        .setHeader('content-type', 'application/xml')
        .end(listing(objects, keys.slice(0, 2), keys.length > 2))
    } else if (objects.has(key)) {
      const content = objects.get(key)!
      if (request.headers['if-match'] !== etagOf(content)) response.writeHead(412).end()
      else sendFile(request, response, content)
    } else {
      response
        .writeHead(404, { 'content-type': 'application/xml' })
        .end('<Error><Code>NoSuchKey</Code></Error>')
    }
  })
  const bed = await stagerBed(t, {
    environment: { AWS_ENDPOINT_URL: http.origin, AWS_DEFAULT_REGION: 'eu-west-1' },
  })
  return { ...http, ...bed, gets: () => http.requests.filter(request => !request.includes('list-type')) }
}

function listing(
  objects: Map<string, string | Buffer>,
  keys: readonly string[],
  isTruncated: boolean,
): string {
  const contents = keys.map(key => {
    const content = objects.get(key)!
    return `<Contents><Key>${key}</Key><ETag>&quot;${etagOf(content).slice(1, -1)}&quot;</ETag><Size>${content.length}</Size></Contents>`
  })
  const more = isTruncated ? `<NextContinuationToken>${keys.at(-1)}</NextContinuationToken>` : ''
  return `<?xml version="1.0"?><ListBucketResult><IsTruncated>${isTruncated}</IsTruncated>${more}${contents.join('')}</ListBucketResult>`
}

const IRIS: readonly (readonly [string, string])[] = [
  ['team/iris/', ''],
  ['team/iris/model-settings.json', '{}'],
  ['team/iris/weights/a.bin', 'a'],
  ['team/iris/weights/b.bin', 'b'],
  ['team/iris-2/x', 'x'],
]
const IRIS_FILES = { 'model-settings.json': '{}', 'weights/a.bin': 'a', 'weights/b.bin': 'b' }

suite('a prefix', () => {
  test('stands for what lies below it, over several pages', async t => {
    const { stage, read } = await store(t, new Map(IRIS))
    assert.deepEqual(await read(await stage('s3://models/team/iris')), IRIS_FILES)
    assert.deepEqual(await read(await stage('s3://models/team/iris/')), IRIS_FILES)
  })

  test('of a whole bucket', async t => {
    const { stage, read } = await store(
      t,
      new Map([
        ['a/b', 'x'],
        ['c', 'y'],
      ]),
    )
    for (const uri of ['s3://models', 's3://models/'])
      assert.deepEqual(await read(await stage(uri)), { 'a/b': 'x', c: 'y' })
  })

  test('only what has changed is downloaded again; what has gone goes', async t => {
    const objects = new Map(IRIS)
    const { stage, read, gets } = await store(t, objects)
    const uri = 's3://models/team/iris'
    const first = await stage(uri)
    assert.equal(gets().length, 3)
    assert.equal(await stage(uri), first)
    assert.equal(gets().length, 3)
    objects.set('team/iris/weights/a.bin', 'new')
    objects.delete('team/iris/weights/b.bin')
    const second = await stage(uri)
    assert.deepEqual(await read(second), { 'model-settings.json': '{}', 'weights/a.bin': 'new' })
    assert.equal(gets().length, 4)
    assert.deepEqual(await read(first), IRIS_FILES)
  })
})

test('the key of an object stands for that file', async t => {
  const { stage, read } = await store(t, new Map(IRIS))
  const path = await stage('s3://models/team/iris/weights/a.bin')
  assert.equal(path.split('/').at(-1), 'a.bin')
  assert.deepEqual(await read(path), { '': 'a' })
})

test('an archive is unpacked', async t => {
  const { stage, read } = await store(t, new Map([['m.tar.gz', tarGzOf([{ path: 'm/x', text: 'x' }])]]))
  assert.deepEqual(await read(await stage('s3://models/m.tar.gz')), { 'm/x': 'x' })
})

suite('what goes wrong', () => {
  test('two failures of the store, then answers', async t => {
    const { stage, read, lines } = await store(t, new Map(IRIS), (request, response, count) => {
      if (count < 2 && !request.url?.includes('continuation')) response.writeHead(503).end()
    })
    assert.deepEqual(await read(await stage('s3://models/team/iris')), IRIS_FILES)
    assert.ok(lines.includes('s3://models/team/iris cannot be read: the store answered 503; trying again'))
  })

  test('an object that is cut off goes on where it ended', async t => {
    const big = 'weights '.repeat(20_000)
    const { stage, read, requests } = await store(t, new Map([['big', big]]), (request, response, count) => {
      if (request.url?.includes('list-type') || count > 0) return
      response.writeHead(200, { 'content-length': big.length, etag: etagOf(big) })
      response.write(big.slice(0, 50_000), () => response.destroy())
    })
    assert.deepEqual(await read(await stage('s3://models/big')), { '': big })
    assert.match(requests.at(-1) ?? '', /^GET \/models\/big\S* bytes=\d+-$/)
  })

  test('nothing there', async t => {
    const { stage } = await store(t, new Map())
    await assert.rejects(stage('s3://models/team'), {
      code: 'FAILED_PRECONDITION',
      message: 's3://models/team holds no objects',
    })
  })

  test('an object that becomes another meanwhile', async t => {
    const objects = new Map([['x', 'old']])
    const { stage } = await store(t, objects, request => {
      if (!request.url?.includes('list-type')) objects.set('x', 'new')
    })
    await assert.rejects(
      stage('s3://models/x'),
      /^ServingError: s3:\/\/models\/x changed while .* load it again$/,
    )
  })

  test('keys that lead out', async t => {
    const { stage } = await store(t, new Map([['m/../../evil', 'x']]))
    await assert.rejects(stage('s3://models/m'), {
      code: 'FAILED_PRECONDITION',
      message: /"\.\.\/\.\.\/evil" is refused/,
    })
  })

  test('no permission', async t => {
    const { stage, requests } = await store(t, new Map(), (_, response) => {
      response.writeHead(403, { 'content-type': 'application/xml' })
      response.end('<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>')
    })
    const message = 's3://models/m cannot be read: AccessDenied: Access Denied'
    await assert.rejects(stage('s3://models/m'), { code: 'FAILED_PRECONDITION', message })
    assert.equal(requests.length, 1)
  })

  test('the load is given up', async t => {
    const load = new AbortController()
    const { stage } = await store(t, new Map(IRIS), () => load.abort(new Error('given up')))
    await assert.rejects(stage('s3://models/team', load.signal), /^Error: given up$/)
  })

  test('a URI without a bucket', async t => {
    const { stage } = await stagerBed(t)
    await assert.rejects(stage('s3:///x'), {
      code: 'INVALID_ARGUMENT',
      message: '"s3:///x" cannot be read; write s3://bucket/prefix',
    })
  })
})
