import assert from 'node:assert/strict'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { createObjectFetcher } from './fetch-object.ts'
import { etagOf, sendFile, startHttp } from './test/http-fixture.ts'

/** What the library reads by itself. */
process.env['AWS_ACCESS_KEY_ID'] = 'id'
process.env['AWS_SECRET_ACCESS_KEY'] = 'key'
process.env['AWS_CONFIG_FILE'] = '/nonexistent'
process.env['AWS_SHARED_CREDENTIALS_FILE'] = '/nonexistent'

test('one object is read to its last byte; a folder and what is not there are refused', async t => {
  const content = Buffer.from('x\n1\n2')
  const { origin } = await startHttp(t, (request, response) => {
    const { pathname, searchParams } = new URL(request.url!, 'http://store')
    if (!searchParams.has('list-type')) {
      assert.equal(pathname, '/data/train/a.csv')
      sendFile(request, response, content)
      return
    }
    const keys = ['train/a.csv'].filter(key => key.startsWith(searchParams.get('prefix')!))
    const contents = keys.map(
      key =>
        `<Contents><Key>${key}</Key><ETag>${etagOf(content)}</ETag><Size>${content.length}</Size></Contents>`,
    )
    response
      .setHeader('content-type', 'application/xml')
      .end(`<ListBucketResult><IsTruncated>false</IsTruncated>${contents.join('')}</ListBucketResult>`)
  })
  const fetchObject = createObjectFetcher({ AWS_ENDPOINT_URL: origin, AWS_DEFAULT_REGION: 'eu-west-1' })
  const read = (uri: string) => buffer(fetchObject(uri, new AbortController().signal))
  assert.deepEqual(await read('s3://data/train/a.csv'), content)
  await assert.rejects(read('s3://data/train'), {
    code: 'FAILED_PRECONDITION',
    message: /is no object; other objects/,
  })
  await assert.rejects(read('s3://data/none.csv'), {
    code: 'FAILED_PRECONDITION',
    message: /holds no objects/,
  })
})
