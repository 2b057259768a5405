import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { ServingError, toTensor } from '@millrace/sdk'
import {
  encodePredictRequest,
  encodePredictResponse,
  loadHydrosphereG2,
  loadHydrosphereG3,
} from '@millrace/sdk/protocol'
import fc from 'fast-check'
import { number, openMonitoring } from '../test/monitoring-bed.ts'

const g2 = await loadHydrosphereG2()
const g3 = await loadHydrosphereG3()
const G3 = '/hydrosphere.monitoring.sonar.MonitoringService/Analyze'
const G2 = '/hydrosphere.monitoring.MonitoringService/Analyze'

/** The documented messages, made by generated code. */
function requestOf(generation: 'G2' | 'G3') {
  const request = { modelName: '', inputs: [toTensor(number('x', 11))] }
  return Buffer.concat(encodePredictRequest(request, generation))
}
function responseOf(generation: 'G2' | 'G3') {
  return Buffer.concat(encodePredictResponse([toTensor(number('y', 2))], generation))
}

async function start(t: TestContext) {
  const bed = await openMonitoring(t)
  const version = await bed.version()
  const call = async (path: string, message: Uint8Array) => bed.monitoring.methods.get(path)!.handle(message)
  return { ...bed, version, call }
}

async function refusal(answer: Promise<unknown>): Promise<ServingError> {
  try {
    await answer
  } catch (error) {
    assert.ok(ServingError.is(error), String(error))
    return error
  }
  throw new Error('it was answered')
}

test('G3 tells of a request to a model that runs elsewhere', async t => {
  const { version, call, handled, documents } = await start(t)
  const message = toBinary(
    g3.sonar.ExecutionInformationSchema,
    create(g3.sonar.ExecutionInformationSchema, {
      request: fromBinary(g3.runtime.PredictRequestSchema, requestOf('G3')),
      responseOrError: {
        case: 'response',
        value: fromBinary(g3.runtime.PredictResponseSchema, responseOf('G3')),
      },
      metadata: {
        requestId: 'theirs',
        modelVersionId: BigInt(version.id),
        modelName: 'whatever',
        modelVersion: 7n,
        signatureName: 'f',
        servableName: 'elsewhere-1',
        latency: 12.5,
        appInfo: { applicationName: 'shop', stageId: '1' },
      },
    }),
  )
  assert.equal((await call(G3, message)).length, 0)
  await handled(1)
  const [document] = await documents(version)
  const shown = ['x', 'y', '_hs_request_id', '_hs_latency', '_hs_model_name', '_hs_model_incremental_version']
  assert.deepEqual(
    shown.map(name => document![name]),
    [11, 2, 'theirs', 12.5, 'watched', 1],
  )
  assert.deepEqual(
    [document!['_hs_application_name'], document!['_hs_stage_id'], document!['_hs_servable_name']],
    ['shop', '1', 'elsewhere-1'],
  )
})

test('G2 tells of it with the metadata of its releases, and of errors', async t => {
  const { version, call, handled, documents } = await start(t)
  const request = fromBinary(g2.predict.PredictRequestSchema, requestOf('G2'))
  const information = g2.monitoring.ExecutionInformationSchema
  const response = {
    case: 'response',
    value: fromBinary(g2.predict.PredictResponseSchema, responseOf('G2')),
  } as const
  const newer = create(information, {
    request,
    responseOrError: { case: 'error', value: { errorMessage: 'it broke' } },
    metadata: {
      modelVersionId: BigInt(version.id),
      requestId: 'new',
      latency: 3,
      modelName: 'm',
      appInfo: { applicationId: 5n, stageId: 'app5stage0' },
    },
  })
  await call(G2, toBinary(information, newer))
  const { metadata: _, ...rest } = create(information, { request, responseOrError: response })
  const older = create(g2.monitoring.ExecutionMetadataUntil203Schema, {
    applicationId: 6n,
    stageId: 'app6stage1',
    modelVersionId: BigInt(version.id),
    requestId: 'old',
    modelName: 'm',
  })
  // Fields of a message may come in any order, and in pieces.
  const bytes = toBinary(g2.monitoring.ExecutionMetadataUntil203Schema, older)
  const head = toBinary(
    information,
    create(information, { request: rest.request!, responseOrError: response }),
  )
  await call(G2, Buffer.concat([head, Uint8Array.of((4 << 3) | 2, bytes.length), bytes]))
  await handled(2)
  const seen = (await documents(version)).map(document =>
    ['_hs_request_id', '_hs_error', '_hs_latency', '_hs_application_name', '_hs_stage_id', 'x'].map(
      name => document[name],
    ),
  )
  assert.deepEqual(seen, [
    ['new', 'it broke', 3, '5', 'app5stage0', undefined],
    ['old', null, 0, '6', 'app6stage1', 11],
  ])
})

test('what is missing is named', async t => {
  const { version, call } = await start(t)
  const schema = g3.sonar.ExecutionInformationSchema
  const told = (init: object) => toBinary(schema, create(schema, init))
  const error = { case: 'error', value: 'broken' }
  const metadata = { modelVersionId: BigInt(version.id) }
  const cases: readonly [message: Uint8Array, code: string, text: RegExp][] = [
    [told({ responseOrError: error }), 'INVALID_ARGUMENT', /no metadata/],
    [told({ metadata }), 'INVALID_ARGUMENT', /neither a response nor an error/],
    [told({ metadata: { modelVersionId: 99n }, responseOrError: error }), 'NOT_FOUND', /id 99/],
    [told({ metadata: { modelVersionId: -1n }, responseOrError: error }), 'NOT_FOUND', /id 0/],
    [
      told({ metadata: { ...metadata, requestId: 'r'.repeat(257) }, responseOrError: error }),
      'INVALID_ARGUMENT',
      /request_id has 257 characters; 256 are the limit/,
    ],
    [Uint8Array.of(0x22, 9), 'INVALID_ARGUMENT', /not a valid ExecutionInformation/],
  ]
  for (const [message, code, text] of cases) {
    const refused = await refusal(call(G3, message))
    assert.equal(refused.code, code, refused.message)
    assert.match(refused.message, text)
  }
})

test('a full queue is told', async t => {
  const bed = await openMonitoring(t, { limits: { maxQueuedBytes: 1 } })
  const { id } = await bed.version()
  const schema = g3.sonar.ExecutionInformationSchema
  const message = toBinary(
    schema,
    create(schema, {
      metadata: { modelVersionId: BigInt(id) },
      responseOrError: { case: 'error', value: 'broken' },
    }),
  )
  const refused = await refusal(Promise.resolve(bed.monitoring.methods.get(G3)!.handle(message)))
  assert.equal(refused.code, 'RESOURCE_EXHAUSTED')
})

test('whatever the bytes are, the answer is a ServingError', async t => {
  const { call } = await start(t)
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(G2, G3), async (bytes, path) => {
      await refusal(call(path, bytes))
    }),
    { numRuns: 300 },
  )
})

test('outlier detectors that make themselves are not supported, and say so', async t => {
  const { version, call } = await start(t)
  const generations = [
    {
      service: '/hydrosphere.monitoring.auto_od.AutoOdService',
      read: (bytes: Uint8Array) => fromBinary(g3.autoOd.ModelStatusResponseSchema, bytes),
      notSupported: g3.autoOd.ModelStatusResponse_AutoODState.NOT_SUPPORTED,
    },
    {
      service: '/hydrosphere.auto_od.AutoOdService',
      read: (bytes: Uint8Array) => fromBinary(g2.autoOd.ModelStatusSchema, bytes),
      notSupported: g2.autoOd.AutoODState.NOT_SUPPORTED,
    },
  ]
  const schema = g3.autoOd.ModelStatusRequestSchema
  const request = (id: number) => toBinary(schema, create(schema, { modelVersionId: BigInt(id) }))
  for (const { service, read, notSupported } of generations) {
    const { state, description } = read(await call(`${service}/GetModelStatus`, request(version.id)))
    assert.equal(state, notSupported)
    assert.match(description, /metric specification/)
    assert.equal((await refusal(call(`${service}/GetModelStatus`, request(77)))).code, 'NOT_FOUND')
    assert.equal(
      (await refusal(call(`${service}/GetModelStatus`, Uint8Array.of(9)))).code,
      'INVALID_ARGUMENT',
    )
    assert.equal((await refusal(call(`${service}/LaunchAutoOd`, request(version.id)))).code, 'UNIMPLEMENTED')
  }
})
