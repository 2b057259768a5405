import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeContract } from '@millrace/sdk/protocol'
import { startManager } from './manager-bed.ts'
import {
  buildLog,
  metadataOf,
  payloadOf,
  postParts,
  SIGNATURE,
  tarOf,
  upload,
  uploadAndBuild,
  type VersionJson,
} from './upload-bed.ts'

const FILES = { 'src/func_main.py': 'def scale(xs): ...\n', 'requirements.txt': 'numpy\n' }

test('an upload is answered at once, and released when it is built', async t => {
  const { url, store, folder } = await startManager(t)
  const response = await upload(url, metadataOf('scaler'), payloadOf(FILES))
  assert.equal(response.status, 200)
  const answer = (await response.json()) as VersionJson
  const { id, created, ...rest } = answer as VersionJson & { created: string }
  assert.match(created, /^\d{4}-.*Z$/)
  assert.deepEqual(rest, {
    image: { name: 'scaler', tag: '1', sha256: null },
    finished: null,
    modelVersion: 1,
    modelSignature: SIGNATURE,
    runtime: { name: 'hydrosphere/serving-runtime-python-3.7', tag: '3.0.3', sha256: null },
    model: { id: 1, name: 'scaler' },
    status: 'Assembling',
    statusMessage: null,
    installCommand: null,
    metadata: { author: 'ann' },
    monitoringConfiguration: { batchSize: 100 },
  })
  const log = await buildLog(url, id)
  assert.equal(log.at(-1), 'Released scaler:1')
  assert.ok(log.some(line => line.includes('src/func_main.py (19 bytes)')))
  const view = (await (await fetch(`${url}/api/v2/model/version/scaler/1`)).json()) as object
  const { installCommand: _, ...shown } = rest as typeof rest & { installCommand: null }
  const { finished, ...viewed } = view as { finished: string }
  assert.match(finished, /Z$/)
  const { finished: __, status: ___, ...common } = shown
  assert.deepEqual(viewed, {
    id,
    created,
    ...common,
    status: 'Released',
    applications: [],
    isExternal: false,
  })
  const model = join(folder, 'data/versions', String(id), 'model')
  assert.equal(await readFile(join(model, 'files/src/func_main.py'), 'utf8'), FILES['src/func_main.py'])
  const contract = decodeContract(await readFile(join(model, 'contract.protobin')), 'G3')
  assert.deepEqual(contract.signatures, [
    {
      name: 'scale',
      inputs: [{ name: 'xs', datatype: 'FP64', shape: [-1, 2], profile: 'NUMERICAL' }],
      outputs: [{ name: 'total', datatype: 'FP64', shape: [], profile: 'NUMERICAL' }],
    },
  ])
  assert.equal((await store.modelVersions.get(id))?.payloadDigest?.startsWith('sha256:'), true)
})

test('parts come in any order, others are ignored, and what is missing is said', async t => {
  const { url } = await startManager(t)
  const payload = payloadOf(FILES)
  const metadata = JSON.stringify(metadataOf('scaler'))
  const whole = await postParts(url, [
    ['other', 'x'],
    ['metadata', metadata],
    ['blob', 'y', 'y.bin'],
    ['payload', payload, 'p.tgz'],
  ])
  assert.equal(whole.status, 200)
  const refused = async (parts: Parameters<typeof postParts>[1]) => {
    const response = await postParts(url, parts)
    return [response.status, await response.json()]
  }
  const noPayload = [400, { message: "Couldn't find a payload in request", error: 'InvalidRequest' }]
  const noMetadata = [400, { message: "Couldn't find a metadata in request", error: 'InvalidRequest' }]
  assert.deepEqual(await refused([['metadata', metadata]]), noPayload)
  assert.deepEqual(
    await refused([
      ['payload', 'no file'],
      ['metadata', metadata],
    ]),
    noPayload,
  )
  assert.deepEqual(await refused([['payload', payload, 'p']]), noMetadata)
  assert.deepEqual(
    await refused([
      ['payload', payload, 'p'],
      ['metadata', metadata, 'm.json'],
    ]),
    noMetadata,
  )
  const json = await fetch(`${url}/api/v2/model/upload`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  })
  assert.equal(json.status, 415)
})

test('what is wrong with metadata is named', async t => {
  const { url, store } = await startManager(t)
  const cases: readonly (readonly [object, RegExp])[] = [
    [metadataOf('Scaler'), /Model name contains invalid characters/],
    [metadataOf('a.b'), /Model name contains invalid characters/],
    [metadataOf('a', { name: undefined }), /^name: nothing is not a text$/],
    [metadataOf('a', { runtime: { name: 'x' } }), /^runtime\.tag: nothing/],
    [metadataOf('a', { runtime: undefined }), /^runtime: nothing/],
    [metadataOf('a', { modelSignature: undefined }), /No signature provided for a model a$/],
    [metadataOf('a', { modelSignature: { ...SIGNATURE, signatureName: ' ' } }), /Signature name is empty/],
    [metadataOf('a', { modelSignature: { ...SIGNATURE, inputs: [] } }), /modelSignature\.inputs/],
    [metadataOf('a', { metadata: { x: [] } }), /^metadata\.x: \[\] is not a text/],
    [metadataOf('a', { monitoringConfiguration: { batchSize: 0 } }), /batchSize: 0 is not an integer/],
    [metadataOf('a', { installCommand: 5 }), /^installCommand: 5/],
  ]
  for (const [metadata, expected] of cases) {
    const response = await upload(url, metadata, payloadOf(FILES))
    const { message, error } = (await response.json()) as { message: string; error: string }
    assert.equal(response.status, 400)
    assert.equal(error, 'InvalidRequest')
    assert.match(message, expected)
  }
  assert.deepEqual(await store.modelVersions.list(), [])
  const broken = await postParts(url, [
    ['metadata', '{"name":'],
    ['payload', payloadOf(FILES), 'p'],
  ])
  assert.equal(broken.status, 400)
  assert.match(((await broken.json()) as { message: string }).message, /^metadata is not JSON/)
})

test('hostile archives are refused before anything is written', async t => {
  const { url, store, folder } = await startManager(t, {
    build: { payload: { uploadBytesMax: 100_000, unpackedBytesMax: 1_000_000, entriesMax: 50 } },
  })
  const cases: readonly (readonly [Uint8Array, number, RegExp])[] = [
    [tarOf([{ path: '/etc/passwd', text: 'x' }]), 400, /absolute path '\/etc\/passwd'/],
    [tarOf([{ path: 'a/../../b', text: 'x' }]), 400, /'\.\.' in its path/],
    [tarOf([{ path: 'a', type: 'SymbolicLink', linkpath: '/etc' }]), 400, /not a path within/],
    [tarOf([{ path: 'd/a', type: 'SymbolicLink', linkpath: '../../x' }]), 400, /out of the payload/],
    [
      tarOf([
        { path: 'd/e', type: 'SymbolicLink', linkpath: '.' },
        { path: 'x', type: 'SymbolicLink', linkpath: 'd/e/../..' },
      ]),
      400,
      /'\.\.' after a name/,
    ],
    [
      tarOf([
        { path: 'd', type: 'SymbolicLink', linkpath: 'f' },
        { path: 'd/a', text: 'x' },
      ]),
      400,
      /leads through the link 'd'/,
    ],
    [tarOf([{ path: 'a', type: 'Link', linkpath: 'b' }]), 400, /hard link to 'b'/],
    [tarOf([{ path: 'a', type: 'CharacterDevice' }]), 400, /is a CharacterDevice/],
    [tarOf([{ path: 'a', type: 'FIFO' }]), 400, /is a FIFO/],
    [tarOf(Array.from({ length: 51 }, (_, index) => ({ path: `f${index}` }))), 413, /more than 50 entries/],
    [payloadOf({ zeros: Buffer.alloc(2_000_000) }), 413, /more than 1\d+ bytes|more than 1000000 bytes/],
    [Buffer.alloc(200_000, 'x'), 413, /larger than 100000 bytes/],
    [Buffer.from('no archive at all'), 400, /not a tar archive/],
    [payloadOf(FILES).subarray(0, 60), 400, /not a tar archive/],
    [Buffer.alloc(0), 400, /not a tar archive/],
  ]
  for (const [payload, status, expected] of cases) {
    const response = await upload(url, metadataOf('bad'), payload)
    const { message } = (await response.json()) as { message: string }
    assert.equal(response.status, status, message)
    assert.match(message, expected)
  }
  assert.deepEqual(await store.models.list(), [])
  await assert.rejects(readFile(join(folder, 'data/versions')), { code: 'ENOENT' })
})

test('links within the payload and programs stay what they are', async t => {
  const { url, folder } = await startManager(t)
  const payload = tarOf([
    { path: './', type: 'Directory', mode: 0o755 },
    { path: './bin/run', text: '#!/bin/sh\n', mode: 0o4755 },
    { path: 'bin/again', type: 'Link', linkpath: 'bin/run' },
    { path: 'latest', type: 'SymbolicLink', linkpath: 'bin' },
    { path: 'bin/self', type: 'SymbolicLink', linkpath: '../bin/run' },
  ])
  const { version } = await uploadAndBuild(url, metadataOf('linked'), payload)
  assert.equal(version.status, 'Released')
  const files = join(folder, 'data/versions', String(version.id), 'model/files')
  assert.equal(await readFile(join(files, 'latest/again'), 'utf8'), '#!/bin/sh\n')
  assert.equal(await readFile(join(files, 'bin/self'), 'utf8'), '#!/bin/sh\n')
})

test('parallel uploads never share a number, and failed builds keep theirs', async t => {
  const { url } = await startManager(t)
  const bad = metadataOf('many', { runtime: { name: 'acme/unknown', tag: '1' } })
  const all = await Promise.all(
    Array.from({ length: 12 }, (_, index) =>
      uploadAndBuild(url, index % 3 === 0 ? bad : metadataOf('many'), payloadOf(FILES)),
    ),
  )
  const numbers = all.map(({ version }) => version.modelVersion).sort((a, b) => a - b)
  assert.deepEqual(
    numbers,
    Array.from({ length: 12 }, (_, index) => index + 1),
  )
  const failed = all[0]!.version
  assert.equal(failed.status, 'Failed')
  assert.notEqual(failed.finished, null)
  assert.match(failed.statusMessage!, /acme\/unknown:1 is a container image.*MILLRACE_COMMAND/)
  assert.match(all[0]!.log.at(-1)!, /^Failed: runtime acme\/unknown:1/)
})

test('an upload that breaks off leaves nothing', async t => {
  const { url, store, complaints } = await startManager(t)
  const stop = new AbortController()
  const body = new ReadableStream({
    start(controller) {
      const head =
        '--x\r\nContent-Disposition: form-data; name="payload"; filename="p"\r\nContent-Type: application/octet-stream\r\n\r\n'
      controller.enqueue(Buffer.from(head))
      controller.enqueue(Buffer.alloc(100_000))
      setImmediate(() => stop.abort())
    },
  })
  await assert.rejects(
    fetch(`${url}/api/v2/model/upload`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
      body,
      signal: stop.signal,
      duplex: 'half',
    }),
  )
  const whole = await uploadAndBuild(url, metadataOf('after'), payloadOf(FILES))
  assert.equal(whole.version.status, 'Released')
  assert.equal((await store.modelVersions.list()).length, 1)
  assert.deepEqual(complaints, [])
})

test('an upload that is under way when the manager closes is refused', async t => {
  const { url, manager, store } = await startManager(t)
  const begun = Promise.withResolvers<ReadableStreamDefaultController<Uint8Array>>()
  const put = store.payloads.put.bind(store.payloads)
  const reading = Promise.withResolvers<void>()
  t.mock.method(store.payloads, 'put', (...args: Parameters<typeof put>) => {
    reading.resolve()
    return put(...args)
  })
  const answer = fetch(`${url}/api/v2/model/upload`, {
    method: 'POST',
    headers: { 'content-type': 'multipart/form-data; boundary=x' },
    body: new ReadableStream<Uint8Array>({ start: controller => begun.resolve(controller) }),
    duplex: 'half',
  })
  const controller = await begun.promise
  const head = '--x\r\nContent-Disposition: form-data; name="payload"; filename="p"\r\n\r\n'
  controller.enqueue(Buffer.concat([Buffer.from(head), Buffer.alloc(100_000)]))
  await reading.promise
  const closed = manager.close()
  const response = await answer
  assert.equal(response.status, 503)
  assert.deepEqual(await response.json(), { message: 'the manager is stopping', error: 'Unavailable' })
  await closed
})
