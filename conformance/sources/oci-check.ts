import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { MODEL, SETTINGS, serveFrom, startProgram, temporaryFolder } from './served.ts'

const { REGISTRY_SERVER: program, REGISTRY_SKIPPED: reason } = process.env
const skip = program ? false : reason || 'run conformance/sources/run.sh'

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'

async function registry(t: TestContext) {
  const folder = await temporaryFolder(t)
  const config = join(folder, 'registry.yml')
  await writeFile(
    config,
    `version: 0.1\nstorage: {filesystem: {rootdirectory: ${folder}/data}}\nhttp: {addr: "127.0.0.1:0"}\n`,
  )
  const host = await startProgram(
    t,
    program!,
    ['serve', config],
    { OTEL_TRACES_EXPORTER: 'none' },
    /listening on (127\.0\.0\.1:\d+)/,
  )
  const pushBlob = async (bytes: string) => {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    const begun = await fetch(`http://${host}/v2/team/models/blobs/uploads/`, { method: 'POST' })
    const location = new URL(begun.headers.get('location')!, `http://${host}`)
    location.searchParams.set('digest', digest)
    const headers = { 'content-type': 'application/octet-stream' }
    const put = await fetch(location, { method: 'PUT', body: bytes, headers })
    assert.equal(put.status, 201, await put.text())
    return { digest, size: Buffer.byteLength(bytes) }
  }
  /** Pushes an artefact of titled layers, as ORAS does; its digest. */
  const push = async (tag: string, files: Readonly<Record<string, string>>) => {
    const layers = []
    for (const [title, text] of Object.entries(files)) {
      const annotations = { 'org.opencontainers.image.title': title }
      layers.push({ mediaType: 'application/octet-stream', ...(await pushBlob(text)), annotations })
    }
    const config = { mediaType: 'application/vnd.oci.empty.v1+json', ...(await pushBlob('{}')) }
    const body = JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config, layers })
    const headers = { 'content-type': MANIFEST }
    const put = await fetch(`http://${host}/v2/team/models/manifests/${tag}`, {
      method: 'PUT',
      body,
      headers,
    })
    assert.equal(put.status, 201, await put.text())
    return put.headers.get('docker-content-digest')!
  }
  return { push, uri: `oci://${host}/team/models` }
}

const files = (text: string) => ({
  'm/model-settings.json': SETTINGS,
  'm/model.mjs': MODEL,
  'm/weights.txt': text,
})

void test('a repository in an artefact, by tag and by digest', { skip }, async t => {
  const { push, uri } = await registry(t)
  const digest = await push('1.0', files('first'))
  const byTag = await serveFrom(t, `${uri}:1.0`, {})
  assert.equal(await byTag.ask('m'), 'first')
  await push('1.0', files('second'))
  assert.equal(await byTag.load('m'), 200)
  assert.equal(await byTag.ask('m'), 'second')
  const byDigest = await serveFrom(t, `${uri}@${digest}`, {})
  assert.equal(await byDigest.ask('m'), 'first')
})

void test('a tag that is not there', { skip }, async t => {
  const { uri } = await registry(t)
  await assert.rejects(serveFrom(t, `${uri}:no`, {}), /:no answered 404 Not Found$/)
})
