import assert from 'node:assert/strict'
import { graphOf, newVersion, refusal, SIGNATURE, type Suite } from './suite-bed.ts'

/** Servables, applications, metric specifications and what they hang on. */
export function deploymentSuite(suite: Suite): void {
  suite('servables have one name each and change only as read', async store => {
    const { id } = await store.modelVersions.create(newVersion())
    await store.deploymentConfigurations.create({
      name: 'big',
      settings: { deployment: { replicaCount: 2 } },
    })
    const fullName = 'scaler-1-quiet-river'
    const made = await store.servables.create({
      fullName,
      versionId: id,
      deploymentConfiguration: 'big',
      metadata: { applicationName: 'a' },
    })
    assert.deepEqual([made.status, made.revision, made.deploymentConfiguration], ['Starting', 1, 'big'])
    await assert.rejects(store.servables.create({ fullName, versionId: id }), refusal('ALREADY_EXISTS'))
    await assert.rejects(store.servables.create({ fullName: 'n', versionId: 77 }), refusal('NOT_FOUND', /77/))
    await assert.rejects(
      store.servables.create({ fullName: 'n', versionId: id, deploymentConfiguration: 'small' }),
      refusal('NOT_FOUND', /small/),
    )
    const serving = await store.servables.setState(fullName, {
      status: 'Serving',
      address: { host: 'localhost', port: 9091 },
      ifRevision: 1,
    })
    assert.deepEqual([serving.host, serving.port, serving.revision], ['localhost', 9091, 2])
    await assert.rejects(
      store.servables.setState(fullName, { status: 'NotServing', ifRevision: 1 }),
      refusal('FAILED_PRECONDITION', /revision 2 by now, not 1/),
    )
    assert.deepEqual(await store.servables.list({ versionId: id, status: 'Serving' }), [serving])
    assert.deepEqual(await store.servables.list({ fullNames: [] }), [])
    await assert.rejects(
      store.deploymentConfigurations.delete('big'),
      refusal('FAILED_PRECONDITION', /used in \[scaler-1-quiet-river\]/),
    )
    await assert.rejects(
      store.models.delete(made.versionId),
      refusal('FAILED_PRECONDITION', /servables \[scaler-1-/),
    )
    await store.servables.delete(fullName)
    assert.deepEqual((await store.deploymentConfigurations.delete('big')).settings, {
      deployment: { replicaCount: 2 },
    })
    await assert.rejects(store.servables.delete(fullName), refusal('NOT_FOUND'))
  })

  suite('an application keeps its id when it is replaced', async store => {
    const [one, two] = [
      await store.modelVersions.create(newVersion()),
      await store.modelVersions.create(newVersion()),
    ]
    const definition = {
      name: 'scaler-app',
      signature: SIGNATURE,
      graph: graphOf(one.id),
      metadata: { team: 'a' },
      kafkaStreaming: [{ sourceTopic: 'in', destinationTopic: 'out' }],
    }
    const made = await store.applications.create(definition)
    assert.deepEqual([made.status, made.revision, made.graph], ['Assembling', 1, graphOf(one.id)])
    await assert.rejects(
      store.applications.create(definition),
      refusal('ALREADY_EXISTS', /scaler-app already exists/),
    )
    await assert.rejects(
      store.applications.create({ ...definition, name: 'b', graph: graphOf(55) }),
      refusal('NOT_FOUND', /modelversion id 55/),
    )
    const ready = await store.applications.setState(made.id, { status: 'Ready', ifRevision: 1 })
    assert.deepEqual([ready.status, ready.revision], ['Ready', 2])
    await assert.rejects(
      store.applications.replace(made.id, definition, 1),
      refusal('FAILED_PRECONDITION', /revision 2 by now, not 1/),
    )
    const replaced = await store.applications.replace(
      made.id,
      { name: 'scaler-app', signature: SIGNATURE, graph: graphOf(one.id, two.id, one.id) },
      2,
    )
    assert.deepEqual(
      [replaced.id, replaced.status, replaced.metadata, replaced.kafkaStreaming, replaced.revision],
      [made.id, 'Assembling', { team: 'a' }, [], 3],
    )
    assert.deepEqual(
      await store.applications.namesByVersion(),
      new Map([
        [one.id, ['scaler-app']],
        [two.id, ['scaler-app']],
      ]),
    )
    assert.deepEqual(
      (await store.applications.list({ usesVersionId: two.id })).map(({ name }) => name),
      ['scaler-app'],
    )
    await assert.rejects(
      store.models.delete(one.modelId),
      refusal('FAILED_PRECONDITION', /It's used in \[scaler-app\]\./),
    )
    const other = await store.applications.create({ ...definition, name: 'other', graph: graphOf(two.id) })
    await assert.rejects(store.applications.replace(other.id, definition), refusal('ALREADY_EXISTS'))
    await store.applications.delete('other')
    await store.applications.delete('scaler-app')
    assert.equal((await store.models.delete(one.modelId)).name, 'scaler')
    assert.deepEqual(await store.modelVersions.list(), [])
    assert.deepEqual([...(await store.applications.namesByVersion([one.id]))], [])
    await assert.rejects(store.applications.delete('other'), refusal('NOT_FOUND', /other/))
  })

  suite('metric specifications and host selectors', async store => {
    const watched = await store.modelVersions.create(newVersion())
    const metric = await store.modelVersions.create(newVersion('scaler_metric'))
    const values = {
      versionId: watched.id,
      metricVersionId: metric.id,
      threshold: 0.97,
      operator: 'Less' as const,
    }
    const specification = await store.metricSpecifications.create({ name: 'outlier', ...values })
    assert.match(specification.id, /^[0-9a-f]{8}-[0-9a-f-]{27}$/)
    assert.equal(specification.threshold, 0.97)
    const served = await store.metricSpecifications.setServable(specification.id, 'scaler-metric-1-a-b')
    assert.deepEqual(await store.metricSpecifications.list({ versionId: watched.id }), [served])
    assert.deepEqual(await store.metricSpecifications.list({ versionId: metric.id }), [])
    await assert.rejects(
      store.metricSpecifications.create({ name: 'x', ...values, metricVersionId: 99 }),
      refusal('NOT_FOUND', /99/),
    )
    await assert.rejects(
      store.models.delete(metric.modelId),
      refusal('FAILED_PRECONDITION', /metric specifications \[outlier\]/),
    )
    await store.models.delete(watched.modelId)
    assert.equal(await store.metricSpecifications.get(specification.id), undefined)
    await assert.rejects(store.metricSpecifications.delete(specification.id), refusal('NOT_FOUND'))

    await store.hostSelectors.create({ name: 'gpu', nodeSelector: { kind: 'gpu' } })
    await assert.rejects(
      store.hostSelectors.create({ name: 'gpu', nodeSelector: {} }),
      refusal('ALREADY_EXISTS'),
    )
    assert.deepEqual(
      (await store.hostSelectors.list()).map(({ nodeSelector }) => nodeSelector),
      [{ kind: 'gpu' }],
    )
    await store.hostSelectors.delete('gpu')
    assert.equal(await store.hostSelectors.find('gpu'), undefined)
  })
}
