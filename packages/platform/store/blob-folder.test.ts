import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createBlobFolder } from './blob-folder.ts'

test('what broken uploads have left behind is removed once it is old', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-blobs-'))
  t.after(() => rm(folder, { recursive: true }))
  const blobs = createBlobFolder(folder)
  for (const text of ['old', 'new']) await blobs.write([Buffer.from(text)], 10, undefined)
  const incoming = join(folder, 'incoming')
  const [old] = await readdir(incoming)
  await utimes(join(incoming, old!), 1, 1)
  await blobs.deleteIncoming(new Date(2000))
  const left = await readdir(incoming)
  assert.equal(left.length, 1)
  assert.notEqual(left[0], old)
})

test('only digests name files', () => {
  const blobs = createBlobFolder('blobs')
  for (const digest of [
    '',
    'sha256:',
    'sha256:../../etc/passwd',
    `sha512:${'a'.repeat(64)}`,
    `sha256:${'A'.repeat(64)}`,
  ]) {
    assert.throws(() => blobs.pathOf(digest), { code: 'INVALID_ARGUMENT' })
  }
})
