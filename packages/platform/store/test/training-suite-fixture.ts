import assert from 'node:assert/strict'
import { newVersion, refusal, type Suite } from './suite-bed.ts'

/** Training data and profiles. */
export function trainingSuite(suite: Suite): void {
  suite('training data of a version is processed once at a time, and its blob kept', async store => {
    const { id, modelId } = await store.modelVersions.create(newVersion())
    assert.equal(await store.trainingUploads.latest(id), undefined)
    const begun = await store.trainingUploads.begin(id, undefined)
    assert.deepEqual([begun.status, begun.payloadDigest, begun.rowCount], ['Processing', undefined, 0])
    await assert.rejects(
      store.trainingUploads.begin(id, 's3://b/k'),
      refusal('FAILED_PRECONDITION', /being processed already/),
    )
    await assert.rejects(store.trainingUploads.begin(77, undefined), refusal('NOT_FOUND', /77/))
    const { digest } = await store.payloads.put([Buffer.from('x\n1\n')], { sizeBytesMax: 100 })
    await store.trainingUploads.setPayload(begun.id, digest)
    const absent = `sha256:${'0'.repeat(64)}`
    await assert.rejects(
      store.trainingUploads.setPayload(begun.id, absent),
      refusal('FAILED_PRECONDITION', /is not stored/),
    )
    await assert.rejects(store.trainingUploads.setPayload(99, digest), refusal('NOT_FOUND'))
    const done = await store.trainingUploads.succeed(begun.id, { rowCount: 1, skippedRowCount: 2 })
    assert.deepEqual(
      [done.status, done.payloadDigest, done.rowCount, done.skippedRowCount, done.message],
      ['Success', digest, 1, 2, undefined],
    )
    await assert.rejects(
      store.trainingUploads.fail(begun.id, 'too late'),
      refusal('FAILED_PRECONDITION', /is Processing/),
    )
    const later = new Date(Date.now() + 60_000)
    assert.deepEqual(await store.payloads.deleteUnused(later), [])

    const second = await store.trainingUploads.begin(id, 's3://bucket/key.csv')
    const interrupted = await store.trainingUploads.failInterrupted('the program was stopped')
    assert.deepEqual(
      interrupted.map(upload => [upload.id, upload.status, upload.message, upload.uri]),
      [[second.id, 'Failure', 'the program was stopped', 's3://bucket/key.csv']],
    )
    assert.deepEqual(await store.trainingUploads.latest(id), interrupted[0])
    assert.deepEqual(
      (await store.trainingUploads.list(id)).map(({ status }) => status),
      ['Success', 'Failure'],
    )
    const third = await store.trainingUploads.begin(id, undefined)
    assert.equal((await store.trainingUploads.fail(third.id, 'no header')).message, 'no header')
    await store.models.delete(modelId)
    assert.equal(await store.trainingUploads.latest(id), undefined)
    assert.deepEqual(await store.payloads.deleteUnused(later), [digest])
  })

  suite('profiles are merged one after the other, all of them or none', async store => {
    const { id, modelId } = await store.modelVersions.create(newVersion())
    await Promise.all(
      Array.from({ length: 12 }, () => store.profiles.merge(id, 'production', ['x', 'y'], increase)),
    )
    await store.profiles.merge(id, 'training', ['x'], () => new Map([['x', 'a\u2028b']]))
    await store.profiles.merge(id, 'training', [], () => assert.fail('nothing is to be changed'))
    assert.deepEqual(
      [...(await store.profiles.read(id, 'production'))],
      [
        ['x', '12'],
        ['y', '12'],
      ],
    )
    assert.equal(await store.profiles.readField(id, 'training', 'x'), 'a\u2028b')
    assert.equal(await store.profiles.readField(id, 'training', 'y'), undefined)
    const failure = new Error('no')
    await assert.rejects(
      store.transaction(async tables => {
        await tables.profiles.merge(id, 'training', ['x'], () => new Map([['x', 'lost']]))
        throw failure
      }),
      failure,
    )
    assert.equal(await store.profiles.readField(id, 'training', 'x'), 'a\u2028b')
    await assert.rejects(
      store.profiles.merge(77, 'training', ['x'], increase),
      refusal('NOT_FOUND', /modelversion id 77/),
    )
    await store.models.delete(modelId)
    assert.deepEqual([...(await store.profiles.read(id, 'production'))], [])
  })
}

function increase(states: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map(['x', 'y'].map(field => [field, String(Number(states.get(field) ?? 0) + 1)]))
}
