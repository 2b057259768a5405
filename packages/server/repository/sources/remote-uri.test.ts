import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { ServingError } from '@millrace/sdk'
import fc from 'fast-check'
import { isArchiveName, pathInside, remoteScheme, shownUri } from './remote-uri.ts'

test('whatever path is taken stays in its folder', () => {
  const segment = fc.constantFrom('..', '.', '', 'a', 'b.c', '...', 'x\\y', '\0', '..%2f', ' ')
  const path = fc.oneof(
    fc.array(segment).map(segments => segments.join('/')),
    fc.string(),
  )
  fc.assert(
    fc.property(path, text => {
      let taken: string
      try {
        taken = pathInside(text, 'it')
      } catch (error) {
        return ServingError.is(error) && error.code === 'FAILED_PRECONDITION'
      }
      const joined = join('/folder', taken)
      return joined === '/folder' || (joined.startsWith('/folder/') && joined === `/folder/${taken}`)
    }),
    { numRuns: 2000 },
  )
  assert.equal(pathInside('./a//b/./c', 'it'), 'a/b/c')
})

test('what is shown of a URI holds no secret', () => {
  const table: [uri: string, shown: string][] = [
    ['s3://bucket/prefix', 's3://bucket/prefix'],
    ['https://me:secret@host:1/a/b?X-Amz-Signature=secret#part', 'https://host:1/a/b'],
    ['https://me@host/a@b', 'https://host/a@b'],
    ['oci://host/m@sha256:00', 'oci://host/m@sha256:00'],
  ]
  for (const [uri, shown] of table) assert.equal(shownUri(uri), shown)
})

test('schemes and names of archives', () => {
  for (const uri of ['s3://b', 'S3://b', 'http://h', 'https://h', 'oci://h/r'])
    assert.ok(remoteScheme(uri), uri)
  for (const uri of ['gs://b', '/s3://b', 's3:/b', 'file:///x', 'c:\\x', ''])
    assert.equal(remoteScheme(uri), undefined)
  for (const name of ['m.tar', 'm.tar.gz', 'm.TGZ']) assert.ok(isArchiveName(name), name)
  for (const name of ['m.zip', 'tar', 'm.tar.zst', 'm.gz']) assert.ok(!isArchiveName(name), name)
})
