import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { after, before, test } from 'node:test'
import { resolveArtefactUri } from './artefact-uri.ts'
import { resolveModelUri } from './model-uri.ts'

let root = ''
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'uri-'))
  await mkdir(join(root, 'dir/weights'), { recursive: true })
  await writeFile(join(root, 'my.bin'), '')
  await writeFile(join(root, 'dir/my.bin'), '')
  await writeFile(join(root, 'dir/weights/b.bin'), '')
  await writeFile(join(root, 'dir/weights/c.bin'), '')
})
after(() => rm(root, { recursive: true }))

const settings = (uri: string, folder = join(root, 'dir')) => ({ name: 'N', uri, folder })

test('the table of get_model_uri, with and without a scheme', async () => {
  const table: [uri: string, wellKnown: string[], result: string][] = [
    ['my.bin', [], 'dir/my.bin'],
    ['./my.bin', ['b.bin'], 'dir/my.bin'],
    ['../my.bin', [], 'my.bin'],
    [join(root, 'my.bin'), [], 'my.bin'],
    ['weights', ['a.bin', 'b.bin', 'c.bin'], 'dir/weights/b.bin'],
    ['weights', ['c.bin', 'b.bin'], 'dir/weights/c.bin'],
    ['weights', ['a.bin'], 'dir/weights'],
    ['weights', [], 'dir/weights'],
    ['.', ['weights'], 'dir/weights'],
  ]
  for (const [uri, wellKnown, result] of table) {
    for (const form of [
      uri,
      `file:${uri}`,
      ...(uri.startsWith('/') ? [`file://${uri}`, `file://localhost${uri}`] : []),
    ]) {
      assert.equal(await resolveModelUri(settings(form), wellKnown), join(root, result), form)
    }
  }
})

test('the folder of the settings file counts after it is normalised', async () => {
  assert.equal(await resolveModelUri(settings('my.bin', join(root, 'dir/..')), []), join(root, 'my.bin'))
})

test('other schemes come back unchanged', async () => {
  for (const uri of ['s3://bucket/key', 'gs://b', 'https://example.org/m.bin', 'hf+tgi:model']) {
    assert.equal(await resolveModelUri(settings(uri), ['b.bin']), uri)
  }
})

test('no URI, or nothing at its place: 422 in the words of MLServer', async () => {
  await assert.rejects(resolveModelUri(settings(''), []), {
    code: 'INVALID_ARGUMENT',
    httpStatus: 422,
    message: 'Invalid URI specified for model N: it has no uri; set parameters.uri or MLSERVER_MODEL_URI',
  })
  const missing = join(root, 'dir/missing.bin')
  await assert.rejects(resolveModelUri(settings('missing.bin'), []), {
    code: 'INVALID_ARGUMENT',
    httpStatus: 422,
    message: `Invalid URI specified for model N (${missing}): there is no such file or folder`,
  })
})

test('a file of another host is refused', () => {
  assert.throws(() => resolveArtefactUri('file://server/x', '/'), {
    code: 'INVALID_ARGUMENT',
    message: `uri "file://server/x" names a file of the host 'server'; write file:///path for a file of this machine`,
  })
})

test('a path that looks like a drive or holds a colon is a path', () => {
  assert.equal(resolveArtefactUri('c:/x', '/models'), '/models/c:/x')
  assert.equal(resolveArtefactUri('a/b:c', '/models'), '/models/a/b:c')
  assert.equal(relative('/models', resolveArtefactUri('file:a%20b', '/models')), 'a%20b')
})
