import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { openEvents } from './bed/event-stream.ts'
import { BUILT_IN, field, SCALE_CODE, SCALE_SIGNATURE, type VersionView } from './bed/manager-calls.ts'
import { refused } from './bed/refused.ts'
import { startBed } from './bed/up-bed.ts'

const bed = await startBed()
after(() => bed.close())

const files = { 'src/func_main.mjs': SCALE_CODE }
const scaler = { name: 'scaler', files }

async function logOf({ id }: VersionView): Promise<readonly string[]> {
  const events = await (await openEvents(`${bed.up.url}/api/v2/model/version/${id}/logs`)).rest()
  return events.filter(({ event }) => event === 'Log').map(({ data }) => data)
}

suite('uploads', { concurrency: 1 }, () => {
  test('check 28: are answered at once with the internal form', async () => {
    const { status, json } = await bed.upload({
      ...scaler,
      more: { installCommand: 'true', metadata: { a: 'b' } },
    })
    assert.equal(status, 200)
    const version = json as VersionView
    assert.partialDeepStrictEqual(version, {
      status: 'Assembling',
      finished: null,
      modelVersion: 1,
      image: { name: 'scaler', tag: '1', sha256: null },
      runtime: { name: 'hydrosphere/serving-runtime-python-3.7', tag: '3.0.3', sha256: null },
      model: { name: 'scaler' },
      installCommand: 'true',
      metadata: { a: 'b' },
      modelSignature: SCALE_SIGNATURE,
    })
    assert.match(version['created'] as string, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    assert.ok((version['monitoringConfiguration'] as { batchSize: number }).batchSize > 0)
    assert.equal((await bed.built(version)).status, 'Released')
  })

  test('check 28: without a payload or metadata they are refused', async () => {
    const metadata = { name: 'scaler', runtime: { name: 'a', tag: 'b' }, modelSignature: SCALE_SIGNATURE }
    const onlyMetadata = new FormData()
    onlyMetadata.set('metadata', JSON.stringify(metadata))
    assert.equal(
      await refused(bed.call('POST', '/api/v2/model/upload', onlyMetadata)),
      "Couldn't find a payload in request",
    )
    const onlyPayload = new FormData()
    onlyPayload.set('payload', new Blob(['x']), 'filename')
    assert.equal(
      await refused(bed.call('POST', '/api/v2/model/upload', onlyPayload)),
      "Couldn't find a metadata in request",
    )
  })

  test('check 29: names of models and functions are held to their rules', async () => {
    for (const name of ['Scaler', 'sca.ler', 'sca ler']) {
      assert.match(await refused(bed.upload({ ...scaler, name })), /Model name contains invalid characters/)
    }
    const signature = { ...SCALE_SIGNATURE, signatureName: ' ' }
    assert.match(await refused(bed.upload({ ...scaler, signature })), /Signature name is empty/)
    const none = await refused(bed.upload({ ...scaler, signature: null }))
    assert.match(none, /No signature provided for a model\s+scaler/)
  })

  test('check 30: versions are numbered one by one, failures and parallel uploads included', async () => {
    const failing = { name: 'counted', files, more: { installCommand: 'exit 3' } }
    const first = await bed.upload(failing)
    assert.equal((await bed.built(first.json as VersionView)).status, 'Failed')
    const others = await Promise.all([1, 2, 3].map(() => bed.upload({ name: 'counted', files })))
    const numbers = [first, ...others].map(({ json }) => (json as VersionView).modelVersion)
    assert.deepEqual(
      numbers.toSorted((a, b) => a - b),
      [1, 2, 3, 4],
    )
    await Promise.all(others.map(({ json }) => bed.built(json as VersionView)))
  })

  test('checks 31, 51: events tell of the end once, with the internal form; profiles are never null', async () => {
    const events = await bed.events()
    const { json } = await bed.upload({ ...scaler, name: 'told' })
    const { id } = json as VersionView
    const mine = await events.next(
      ({ event, data }) => event === 'ModelUpdate' && (JSON.parse(data) as VersionView).id === id,
    )
    await events.close()
    const told = JSON.parse(mine.data) as VersionView
    assert.equal(told.status, 'Released')
    assert.ok('installCommand' in told)
    assert.equal('isExternal' in told, false)
    assert.match(told['finished'] as string, /^\d{4}-/)
    assert.deepEqual(told['modelSignature'], SCALE_SIGNATURE)
  })

  test('check 51: any shape and a scalar are kept apart; the form of the second generation is taken', async () => {
    const any = {
      signatureName: 'f',
      inputs: [field('x', 'INT64', null)],
      outputs: [field('y', 'INT64', [])],
    }
    const { name: _name, ...bare } = any.inputs[0]!
    const { json } = await bed.upload({
      ...scaler,
      name: 'shapes',
      signature: { ...any, inputs: [{ ...bare, name: 'x', profile: null }] },
    })
    const { inputs } = (json as { modelSignature: typeof any }).modelSignature
    assert.deepEqual(inputs, [{ ...any.inputs[0], profile: 'NONE' }])
    await bed.built(json as VersionView)

    const dim = [
      { size: -1, name: '' },
      { size: 2, name: '' },
    ]
    const predict = {
      signatureName: 'scale',
      inputs: [{ name: 'xs', dtype: 'DT_DOUBLE', shape: { dim, unknownRank: false }, profile: 'NUMERICAL' }],
      outputs: [
        { name: 'total', dtype: 'DT_DOUBLE', shape: { dim: [], unknownRank: false }, profile: 'NUMERICAL' },
      ],
    }
    const older = await bed.upload({
      ...scaler,
      name: 'older',
      signature: null,
      more: { contract: { modelName: 'older', predict } },
    })
    assert.equal(older.status, 200, older.text)
    assert.deepEqual((older.json as VersionView)['modelSignature'], SCALE_SIGNATURE)
    await bed.built(older.json as VersionView)
  })
})

suite('builds', { concurrency: 1 }, () => {
  test('checks 15, 16: the install command runs in files, where a pip.conf and a certificate of the payload lie', async () => {
    const installCommand =
      'test -f cert.pem && PIP_CONFIG_FILE=pip.conf sh -c \'echo "in $(basename "$PWD") with $PIP_CONFIG_FILE"; cat "$PIP_CONFIG_FILE"\''
    const version = await bed.release({
      name: 'installs',
      files: { ...files, 'pip.conf': '[global]\nindex-url = https://pypi.example/simple\n', 'cert.pem': 'x' },
      more: { installCommand },
    })
    const log = await logOf(version)
    assert.ok(log.includes('in files with pip.conf'), log.join('\n'))
    assert.ok(log.includes('index-url = https://pypi.example/simple'), log.join('\n'))
  })

  test('check 15: one that fails fails the version, with what it has said in the log', async () => {
    const { json } = await bed.upload({
      name: 'fails',
      files,
      more: { installCommand: 'echo one; echo two >&2; exit 7' },
    })
    const version = await bed.built(json as VersionView)
    assert.equal(version.status, 'Failed')
    assert.match(version['finished'] as string, /^\d{4}-/)
    const log = (await logOf(version)).join('\n')
    assert.match(log, /^one$/m)
    assert.match(log, /^two$/m)
    assert.match(log, /\b7\b/)
  })

  test('check 32: the log is a stream with numbers, an end, and a way to go on', async () => {
    const version = await bed.release({
      name: 'logged',
      files,
      more: { installCommand: 'for i in 1 2 3 4 5 6 7 8; do echo line $i; done' },
    })
    const path = `${bed.up.url}/api/v2/model/version/${version.id}/logs`
    const all = await (await openEvents(path)).rest()
    const lines = all.slice(0, -1)
    assert.deepEqual(
      lines.map(({ event, id }) => [event, id]),
      lines.map((_, index) => ['Log', String(index)]),
    )
    assert.deepEqual([all.at(-1)?.event, all.at(-1)?.data], ['EndOfStream', ''])
    const resumed = await (await openEvents(path, { 'last-event-id': '4' })).rest()
    assert.deepEqual(resumed, all.slice(5))
    const unknown = await refused(bed.call('GET', '/api/v2/model/version/999999/logs'), 404)
    assert.match(unknown, /999999/)
  })
})

suite('versions', { concurrency: 1 }, () => {
  test('checks 34, 35: are listed and found as views', async () => {
    await bed.release({ ...scaler, name: 'viewed' })
    const list = await bed.ok<VersionView[]>('GET', '/api/v2/model/version')
    const view = list.find(({ model }) => model.name === 'viewed')!
    const keys = [
      'id',
      'image',
      'created',
      'finished',
      'modelVersion',
      'modelSignature',
      'runtime',
      'model',
      'status',
    ]
    for (const key of [...keys, 'metadata', 'monitoringConfiguration', 'applications', 'isExternal']) {
      assert.ok(key in view, key)
    }
    assert.deepEqual([view['applications'], view['isExternal'], view.status], [[], false, 'Released'])
    assert.deepEqual(await bed.ok('GET', '/api/v2/model/version/viewed/1'), view)
    assert.match(await refused(bed.call('GET', '/api/v2/model/version/viewed/9'), 404), /viewed/)
    const models = await bed.ok<{ id: number; name: string }[]>('GET', '/api/v2/model')
    const model = models.find(({ name }) => name === 'viewed')!
    assert.deepEqual(await bed.ok('GET', `/api/v2/model/${model.id}`), model)
  })

  test('check 36: a model that an application uses is not deleted; another is, with its versions', async () => {
    const version = await bed.release({ ...scaler, name: 'used' })
    await bed.ready('uses-it', [[[version.id, 100]]])
    assert.match(await refused(bed.call('DELETE', `/api/v2/model/${version.model.id}`)), /uses-it/)
    const list = await bed.ok<VersionView[]>('GET', '/api/v2/model/version')
    assert.deepEqual(list.find(({ id }) => id === version.id)?.['applications'], ['uses-it'])
    await bed.ok('DELETE', '/api/v2/application/uses-it')
    const free = await bed.release({ ...scaler, name: 'free' })
    assert.partialDeepStrictEqual(await bed.ok('DELETE', `/api/v2/model/${free.model.id}`), { name: 'free' })
    await refused(bed.call('GET', '/api/v2/model/version/free/1'), 404)
    await refused(bed.call('GET', `/api/v2/model/${free.model.id}`), 404)
  })

  test('check 37: an external model is listed, and never deployed', async () => {
    const external = await bed.ok<VersionView>('POST', '/api/v2/externalmodel', {
      name: 'fraud',
      signature: SCALE_SIGNATURE,
      metadata: { owner: 'ann' },
    })
    assert.deepEqual(Object.keys(external).toSorted(), [
      'created',
      'id',
      'metadata',
      'model',
      'modelSignature',
      'modelVersion',
      'monitoringConfiguration',
    ])
    const list = await bed.ok<VersionView[]>('GET', '/api/v2/model/version')
    const view = list.find(({ id }) => id === external.id)!
    assert.partialDeepStrictEqual(view, { isExternal: true, image: null, runtime: null, status: 'Released' })
    const servable = await refused(bed.call('POST', '/api/v2/servable', { modelName: 'fraud', version: 1 }))
    assert.match(servable, /external.*fraud:1|external model/)
    const application = await refused(bed.application('of-external', [[[external.id, 100]]]))
    assert.match(application, /external/)
  })

  test('a runtime that is not known fails in the build, not before', async () => {
    const { status, json } = await bed.upload({ ...scaler, name: 'nowhere', runtime: 'acme/unknown:1' })
    assert.equal(status, 200)
    const version = await bed.built(json as VersionView)
    assert.equal(version.status, 'Failed', BUILT_IN)
  })
})
