import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, suite, test } from 'node:test'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { toTensor } from '@millrace/sdk'
import { encodePredictRequest, encodePredictResponse, loadHydrosphereG3 } from '@millrace/sdk/protocol'
import { refusalOf } from './bed/gateway-calls.ts'
import { field, type VersionView } from './bed/manager-calls.ts'
import { registerScripted, scripted, startBed } from './bed/up-bed.ts'

/** As monitoring shows it. */
type CheckDocument = Readonly<Record<string, unknown>> & {
  readonly _hs_raw_checks: Readonly<Record<string, readonly { check: boolean; description: string }[]>>
  readonly _hs_metric_checks: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

interface Aggregates {
  readonly count: number
  readonly results: readonly Readonly<Record<string, unknown>>[]
}

interface AlertView {
  readonly labels: Readonly<Record<string, string>>
}

/** An Alertmanager that takes everything. */
const alerts: AlertView[] = []
const alertmanager = createServer((request, response) => {
  let text = ''
  request.setEncoding('utf8').on('data', (piece: string) => void (text += piece))
  request.once('end', () => {
    assert.equal(request.url, '/api/v2/alerts')
    alerts.push(...(JSON.parse(text) as AlertView[]))
    response.end()
    alertmanager.emit('posted')
  })
})
await new Promise<void>(resolve => void alertmanager.listen(0, '127.0.0.1', resolve))
const { port } = alertmanager.address() as AddressInfo

const bed = await startBed({ args: ['--alertmanager', `http://127.0.0.1:${port}`] })
after(async () => {
  await bed.close()
  alertmanager.closeAllConnections()
  alertmanager.close()
})
await registerScripted(bed)

const X = [field('x', 'DOUBLE', [])]
const Y = [field('y', 'DOUBLE', [])]
const one = { name: 'x', datatype: 'FP64', shape: [], data: [1] } as const
const tensor = (name: string, value: string) =>
  `{ name: '${name}', datatype: 'FP64', shape: [], data: [${value}] }`
const says = (value: string) => `export function predict(inputs) {
  const x = inputs.find(({ name }) => name === 'x').data[0]
  if (x === 13) throw { code: 3, details: 'unlucky' }
  return [${tensor('y', value)}]
}`
const metricOf = (name: string, answer: string) =>
  scripted(
    name,
    `export function predict(inputs) {
      const value = name => inputs.find(input => input.name === name).data[0]
      return [${answer}]
    }`,
    [...X, ...Y],
    answer.includes("'value'")
      ? [field('value', answer.includes('FP32') ? 'FLOAT' : 'DOUBLE', [])]
      : [field('other', 'DOUBLE', [])],
  )

const [first, second, batched, sum, single, wordless] = await Promise.all([
  bed.release(scripted('first', says('x + 1'), X, Y)),
  bed.release(scripted('second', says('x + 2'), X, Y)),
  bed.release({
    ...scripted('batched', says('x'), X, Y),
    more: { monitoringConfiguration: { batchSize: 3 } },
  }),
  bed.release(metricOf('sum', tensor('value', "value('x') + value('y')"))),
  bed.release(metricOf('single', tensor('value', '0.5').replace('FP64', 'FP32'))),
  bed.release(metricOf('wordless', tensor('other', '0'))),
])

/** A version's documents, oldest first, once there are so many. */
async function documentsOf(
  { id }: Pick<VersionView, 'id'>,
  count: number,
): Promise<readonly CheckDocument[]> {
  for (;;) {
    const found = await bed.ok<CheckDocument[]>('GET', `/monitoring/checks/all/${id}`)
    assert.ok(found.length <= count, JSON.stringify(found))
    if (found.length === count) return found.toReversed()
  }
}

const valuesOf = (documents: readonly CheckDocument[], name: string) =>
  documents.map(document => document[name])

suite('what monitoring is told', { concurrency: 1 }, () => {
  test('check 72: every variant that was asked is told of once, with one id for all; shadowless calls and metrics are not', async () => {
    const stage = [
      [first.id, 100],
      [second.id, 0],
    ] as const
    const last = await bed.release(
      scripted('last', `export const predict = ([{ data }]) => [${tensor('z', 'data[0]')}]`, Y, [
        field('z', 'DOUBLE', []),
      ]),
    )
    await bed.ready('watched', [stage, [[last.id, 100]]])
    const { status } = await bed.ask('watched', { x: 1 })
    assert.equal(status, 200)
    const told = [
      ...(await documentsOf(first, 1)),
      ...(await documentsOf(second, 1)),
      ...(await documentsOf(last, 1)),
    ]
    const [id] = valuesOf(told, '_hs_request_id')
    assert.deepEqual(valuesOf(told, '_hs_request_id'), [id, id, id])
    assert.deepEqual(valuesOf(told, '_hs_stage_id'), ['0', '0', '1'])
    assert.deepEqual(valuesOf(told, '_hs_application_name'), ['watched', 'watched', 'watched'])
    assert.deepEqual(valuesOf(told, 'y'), [2, 3, 2])
    assert.ok(valuesOf(told, '_hs_latency').every(latency => Number(latency) >= 0))

    const { fullName } = await bed.serve(first)
    await bed.gateway.predict('ShadowlessPredictServable', fullName, [one])
    await bed.gateway.predict('PredictServable', fullName, [{ ...one, data: [4] }])
    const alone = (await documentsOf(first, 2))[1]!
    assert.deepEqual(
      [alone['x'], alone['_hs_application_name'], alone['_hs_servable_name']],
      [4, null, fullName],
    )
  })

  test('check 73: an Alertmanager that is away delays nothing', async () => {
    const other = await startBed({ args: ['--alertmanager', 'http://127.0.0.1:1'] })
    try {
      await registerScripted(other)
      const version = await other.release(scripted('model', says('x'), X, Y))
      await other.ready('app', [[[version.id, 100]]])
      const answers = await Promise.all(Array.from({ length: 50 }, () => other.ask('app', { x: 1 })))
      assert.ok(answers.every(({ status }) => status === 200))
    } finally {
      await other.close()
    }
  })

  test('check 105: a request that failed is kept with its error and without values', async () => {
    const before = await bed.ok<CheckDocument[]>('GET', `/monitoring/checks/all/${second.id}`)
    await bed.ready('failing', [[[second.id, 100]]])
    await bed.ask('failing', { x: 13 })
    const failed = (await documentsOf(second, before.length + 1)).at(-1)!
    assert.match(String(failed['_hs_error']), /unlucky/)
    assert.ok(!('x' in failed) && !('y' in failed))
  })
})

suite('checks', { concurrency: 1 }, () => {
  test('checks 102, 104: values are held against training data, and summed up in batches', async () => {
    const path = `/monitoring/profiles/batch/${batched.id}`
    await bed.ok('POST', path, 'x,y\n0,0\n10,10\n5,5\n')
    for (;;) {
      const { kind } = await bed.ok<{ kind: string }>('GET', `${path}/status`)
      assert.notEqual(kind, 'Failure')
      if (kind === 'Success') break
    }
    await bed.ready('batched', [[[batched.id, 100]]])
    for (const x of [11, 1, 2, 3, -1, 4, 5]) await bed.ask('batched', { x })
    const documents = await documentsOf(batched, 7)
    const tooLarge = documents[0]!
    const shown = tooLarge._hs_raw_checks['x']!.map(({ check, description }) => [check, description])
    assert.deepEqual(shown, [
      [false, '<= max'],
      [true, '>= min'],
    ])
    assert.deepEqual([tooLarge['_hs_x_score'], tooLarge['_hs_score']], [0.5, 0.5])
    const { count, results } = await bed.ok<Aggregates>(
      'GET',
      `/monitoring/checks/aggregates/${batched.id}?limit=10&offset=0`,
    )
    assert.equal(count, 3)
    assert.deepEqual(
      results.map(({ x, _hs_requests: requests }) => [requests, x]),
      [
        [1, { checks: 2, passed: 2 }],
        [3, { checks: 6, passed: 5 }],
        [3, { checks: 6, passed: 5 }],
      ],
    )
    const [, , oldest] = results
    const { _hs_first_id: from, _hs_last_id: to } = oldest!
    const inside = await bed.ok<CheckDocument[]>(
      'GET',
      `/monitoring/checks/${batched.id}?from=${String(from)}&to=${String(to)}`,
    )
    assert.deepEqual(valuesOf(inside, 'x'), [11, 1, 2])
    while (alerts.length < 4) await once(alertmanager, 'posted')
    assert.deepEqual(
      alerts.map(({ labels }) => [labels['modelName'], labels['fieldName'], labels['applicationName']]),
      ['x', 'y', 'x', 'y'].map(name => ['batched', name, 'batched']),
    )
  })

  test('check 103: metrics are held against their thresholds; one without a value is an error [fix]', async () => {
    const servables = await Promise.all(
      [sum, single, wordless].map(async metric => {
        const { config } = await bed.ok<{ config: { servable: { fullName: string } } }>(
          'POST',
          '/api/v2/monitoring/metricspec',
          {
            name: metric.model.name,
            modelVersionId: first.id,
            config: { modelVersionId: metric.id, threshold: 3.5, thresholdCmpOperator: { kind: 'Less' } },
          },
        )
        return bed.servableIn(config.servable.fullName, 'Serving')
      }),
    )
    assert.equal(servables.length, 3)
    await bed.ready('measured', [[[first.id, 100]]])
    const before = await bed.ok<CheckDocument[]>('GET', `/monitoring/checks/all/${first.id}`)
    await bed.ask('measured', { x: 1 })
    await bed.ask('measured', { x: 2 })
    const [passed, failed] = (await documentsOf(first, before.length + 2)).slice(-2)
    const values = (document: CheckDocument, name: string) => {
      const { check, value } = document._hs_metric_checks[name]!
      return [check, value]
    }
    assert.deepEqual(values(passed!, 'sum'), [true, 3])
    assert.deepEqual(values(failed!, 'sum'), [false, 5])
    assert.deepEqual(values(passed!, 'single'), [true, 0.5])
    const missing = passed!._hs_metric_checks['wordless']!
    assert.deepEqual([missing['check'], missing['value']], [false, null])
    assert.match(String(missing['error']), /no output 'value'/)
    // What metrics are asked is not monitored itself.
    assert.deepEqual(await bed.ok('GET', `/monitoring/checks/all/${sum.id}`), [])
  })
})

suite('models elsewhere, and drift', { concurrency: 1 }, () => {
  test('check 93: what is told of an external model is kept', async () => {
    const { runtime, sonar } = await loadHydrosphereG3()
    const external = await bed.ok<VersionView>('POST', '/api/v2/externalmodel', {
      name: 'elsewhere',
      signature: { signatureName: 'act', inputs: X, outputs: Y },
      metadata: {},
    })
    const y = toTensor({ ...one, name: 'y', data: [7] })
    const request = fromBinary(
      runtime.PredictRequestSchema,
      Buffer.concat(encodePredictRequest({ modelName: '', inputs: [toTensor(one)] }, 'G3')),
    )
    const response = fromBinary(
      runtime.PredictResponseSchema,
      Buffer.concat(encodePredictResponse([y], 'G3')),
    )
    const message = (id: number) =>
      toBinary(
        sonar.ExecutionInformationSchema,
        create(sonar.ExecutionInformationSchema, {
          request,
          responseOrError: { case: 'response', value: response },
          metadata: { requestId: 'theirs', modelVersionId: BigInt(id) },
        }),
      )
    const path = '/hydrosphere.monitoring.sonar.MonitoringService/Analyze'
    await bed.gateway.unary(path, message(external.id))
    const [document] = await documentsOf(external, 1)
    assert.deepEqual(
      [document!['x'], document!['y'], document!['_hs_request_id'], document!['_hs_model_name']],
      [1, 7, 'theirs', 'elsewhere'],
    )
    assert.equal((await refusalOf(bed.gateway.unary(path, message(9_999)))).code, 'NOT_FOUND')
  })

  test('check 107: too few requests, and inputs that are no single values, are not supported', async () => {
    const support = (id: number) =>
      bed.ok<{ supported: boolean; description: string }>('GET', `/stat/support?model_version_id=${id}`)
    const few = await support(batched.id)
    assert.equal(few.supported, false)
    assert.match(few.description, /^7 requests are known of the version; a report needs at least 400$/)
    const lists = await bed.release(scripted('lists', says('1'), [field('list', 'DOUBLE', [4])], Y))
    const unsuitable = await support(lists.id)
    assert.equal(unsuitable.supported, false)
    assert.match(unsuitable.description, /'list'/)
  })
})
