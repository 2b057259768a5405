import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { newVersion, refusal, SIGNATURE, type Suite } from './suite-bed.ts'

/** Models, versions, runtimes, payloads and build logs. */
export function registrySuite(suite: Suite): void {
  suite('versions count from 1 for each model, and remember everything', async (store, place) => {
    const full = newVersion('scaler', {
      installCommand: 'pip install -r requirements.txt',
      metadata: { author: 'ann', odd: "it's \u0000 ✓" },
      monitoringConfiguration: { batchSize: 50 },
    })
    const first = await store.modelVersions.create(full)
    assert.equal(first.version, 1)
    assert.equal(first.status, 'Assembling')
    assert.equal(first.finished, undefined)
    assert.deepEqual(first.signature, SIGNATURE)
    assert.deepEqual(first.metadata, full.metadata)
    assert.deepEqual(first.monitoringConfiguration, { batchSize: 50 })
    assert.equal(first.installCommand, full.installCommand)
    await store.modelVersions.fail(first.id, 'pip was not found')
    const second = await store.modelVersions.create(newVersion())
    assert.deepEqual([second.version, second.modelId], [2, first.modelId])
    assert.equal((await store.modelVersions.create(newVersion('other'))).version, 1)
    const image = { name: 'scaler', tag: '2', sha256: 'ab' }
    const released = await store.modelVersions.release(second.id, image)
    assert.deepEqual([released.status, released.image], ['Released', image])
    assert.ok(released.finished !== undefined)
    await assert.rejects(
      store.modelVersions.fail(second.id, 'late'),
      refusal('FAILED_PRECONDITION', /scaler:2 is Released/),
    )
    await assert.rejects(store.modelVersions.release(999, undefined), refusal('NOT_FOUND', /999/))

    await store.close()
    const again = await place.open()
    assert.deepEqual(await again.modelVersions.get(second.id), released)
    assert.equal((await again.modelVersions.find('scaler', 1))?.statusMessage, 'pip was not found')
    assert.equal(await again.modelVersions.find('scaler', 3), undefined)
    assert.deepEqual(
      (await again.models.list()).map(model => model.name),
      ['scaler', 'other'],
    )
    await again.close()
  })

  suite('versions that are made at once never share a number', async store => {
    const made = await Promise.all(Array.from({ length: 40 }, () => store.modelVersions.create(newVersion())))
    assert.deepEqual(
      made.map(({ version }) => version).toSorted((a, b) => a - b),
      Array.from({ length: 40 }, (_, index) => index + 1),
    )
  })

  suite('external versions share the numbers, and are released at once', async store => {
    await store.modelVersions.create(newVersion('fraud'))
    const external = await store.modelVersions.createExternal({ modelName: 'fraud', signature: SIGNATURE })
    assert.deepEqual(
      [external.version, external.isExternal, external.status, external.runtime, external.finished],
      [2, true, 'Released', undefined, external.created],
    )
    const trained = await store.modelVersions.setTrainingData(external.id, 's3://bucket/train.csv')
    assert.equal(trained.trainingData, 's3://bucket/train.csv')
  })

  suite('builds and pulls that were interrupted become Failed', async store => {
    const open = await store.modelVersions.create(newVersion())
    const done = await store.modelVersions.create(newVersion())
    await store.modelVersions.release(done.id, undefined)
    const runtime = {
      name: 'acme/r',
      version: '1',
      modelTypes: ['python:3.6'],
      tags: ['demo'],
      configParams: { A: '1' },
    }
    const pull = await store.runtimes.register(runtime)
    assert.deepEqual(
      (await store.modelVersions.failInterrupted('restarted')).map(({ id }) => id),
      [open.id],
    )
    assert.deepEqual(await store.modelVersions.failInterrupted('restarted'), [])
    assert.equal((await store.modelVersions.get(open.id))?.statusMessage, 'restarted')
    const [failed] = await store.runtimes.failInterrupted('restarted')
    assert.deepEqual([failed?.id, failed?.status, failed?.modelTypes], [pull.id, 'Failed', ['python:3.6']])
  })

  suite('a runtime is registered once, unless that failed', async store => {
    const runtime = {
      name: 'acme/r',
      version: '1',
      modelTypes: ['string'],
      tags: ['string'],
      configParams: {},
    }
    const first = await store.runtimes.register(runtime)
    assert.equal(first.status, 'Pending')
    await assert.rejects(
      store.runtimes.register(runtime),
      refusal('ALREADY_EXISTS', /acme\/r:1 already exists/),
    )
    await store.runtimes.setStatus(first.id, 'Failed', 'no such image')
    await assert.rejects(
      store.runtimes.setStatus(first.id, 'Running'),
      refusal('FAILED_PRECONDITION', /is Failed/),
    )
    await assert.rejects(store.runtimes.setStatus(99, 'Running'), refusal('NOT_FOUND'))
    const second = await store.runtimes.register(runtime)
    await store.runtimes.setStatus(second.id, 'Running')
    const finished = await store.runtimes.setStatus(second.id, 'Finished')
    assert.ok(finished.finished !== undefined)
    await assert.rejects(store.runtimes.register(runtime), refusal('ALREADY_EXISTS'))
    assert.deepEqual(
      (await store.runtimes.list({ status: 'Finished' })).map(({ id }) => id),
      [second.id],
    )
  })

  suite('payloads are kept by what they are', async (store, place) => {
    const bytes = [Buffer.from('one '), Buffer.from('two')]
    const blob = await store.payloads.put(bytes, { sizeBytesMax: 7 })
    assert.match(blob.digest, /^sha256:[0-9a-f]{64}$/)
    assert.equal(blob.sizeBytes, 7)
    assert.deepEqual(await store.payloads.put(bytes, { sizeBytesMax: 7 }), blob)
    await assert.rejects(
      store.payloads.put(bytes, { sizeBytesMax: 6 }),
      refusal('RESOURCE_EXHAUSTED', /6 bytes/),
    )
    assert.equal(await text(await store.payloads.open(blob.digest)), 'one two')
    await assert.rejects(store.payloads.open(`sha256:${'0'.repeat(64)}`), refusal('NOT_FOUND'))
    const version = await store.modelVersions.create(newVersion('scaler', { payloadDigest: blob.digest }))
    await assert.rejects(
      store.modelVersions.create(newVersion('scaler', { payloadDigest: 'sha256:no' })),
      refusal('FAILED_PRECONDITION', /'sha256:no' is not stored/),
    )
    const unused = await store.payloads.put([Buffer.from('x')], { sizeBytesMax: 1 })
    assert.deepEqual(await store.payloads.deleteUnused(new Date(0)), [])
    assert.deepEqual(await store.payloads.deleteUnused(new Date(Date.now() + 1000)), [unused.digest])
    assert.equal(await store.payloads.get(unused.digest), undefined)
    assert.deepEqual(
      (await store.payloads.put([Buffer.from('x')], { sizeBytesMax: 1 })).digest,
      unused.digest,
    )
    assert.equal(await text(await store.payloads.open(unused.digest)), 'x')
    await store.close()
    const again = await place.open()
    assert.equal((await again.modelVersions.get(version.id))?.payloadDigest, blob.digest)
    assert.equal(await text(await again.payloads.open(blob.digest)), 'one two')
    await again.close()
  })

  suite('an upload that is given up leaves nothing', async store => {
    const aborted = AbortSignal.abort(new Error('gone'))
    await assert.rejects(store.payloads.put([Buffer.from('x')], { sizeBytesMax: 1, signal: aborted }), /gone/)
    await assert.rejects(store.payloads.put(broken(), { sizeBytesMax: 100 }), /socket closed/)
    assert.deepEqual(await store.payloads.deleteUnused(new Date(Date.now() + 1000)), [])
  })

  suite('build logs are read from anywhere and followed to their end', async store => {
    const { id } = await store.modelVersions.create(newVersion())
    await assert.rejects(
      store.buildLogs.read(id),
      refusal('NOT_FOUND', new RegExp(`model version id = ${id}$`)),
    )
    await store.buildLogs.append(id, ['a', 'b\0c'])
    const seen: string[] = []
    const following = (async () => {
      for await (const { index, line } of store.buildLogs.follow(id, 1)) {
        seen.push(`${index} ${line}`)
        if (index === 1) await store.buildLogs.append(id, ['d'.repeat(20_000)])
        if (index === 2) await store.buildLogs.complete(id)
      }
    })()
    await following
    assert.equal(seen[0], '1 b�c')
    assert.equal(seen[1], `2 ${'d'.repeat(16_384)} … (cut)`)
    assert.equal(seen.length, 2)
    await assert.rejects(store.buildLogs.append(id, ['late']), refusal('FAILED_PRECONDITION', /complete/))
    await store.buildLogs.complete(id)
    assert.deepEqual(await store.buildLogs.read(id, 3), { lines: [], isComplete: true })
    await assert.rejects(store.buildLogs.append(999, ['x']), refusal('FAILED_PRECONDITION'))
  })
}

async function* broken(): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.from('half'))
  throw new Error('socket closed')
}
