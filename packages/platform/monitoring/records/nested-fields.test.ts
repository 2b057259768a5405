import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { toTensor } from '@millrace/sdk'
import {
  encodePredictRequest,
  encodePredictResponse,
  type HydrosphereGroup,
  type HydrosphereValue,
  loadHydrosphereG3,
} from '@millrace/sdk/protocol'
import { checkMetric } from '../checks/metric-checks.ts'
import { readExecution } from '../grpc/read-execution.ts'
import { completeLimits } from '../monitoring-limits.ts'
import { number, openMonitoring } from '../test/monitoring-bed.ts'
import { keepRecord } from './kept-record.ts'

const person: HydrosphereGroup = {
  name: 'person',
  shape: [],
  objects: [[toTensor(number('age', 3)), { name: 'pets', shape: [0], objects: [] }]],
}
const inputs = [person, toTensor(number('x', 1))]
const outputs = [toTensor(number('y', 2))]
const about = (modelVersionId: number) => ({
  requestId: 'r',
  latencyMs: 1,
  servable: {
    name: 's',
    modelName: 'm',
    modelVersion: 1,
    modelVersionId,
    signature: { signatureName: 'f', inputs: [], outputs: [] },
  },
})

test('a field with fields in it is null in the document of its request', async t => {
  const bed = await openMonitoring(t)
  const version = await bed.version()
  bed.monitoring.record({ ...about(version.id), inputs, outcome: { outputs } })
  await bed.handled(1)
  const [document] = await bed.documents(version)
  const names = ['person', '_hs_person_score', 'x', 'y', '_hs_error', '_hs_fields_left_out']
  assert.deepEqual(
    names.map(name => document![name]),
    [null, null, 1, 2, null, undefined],
  )
})

test('one that was told of from elsewhere, too', async () => {
  const { sonar, runtime } = await loadHydrosphereG3()
  const request = encodePredictRequest({ modelName: '', inputs }, 'G3')
  const response = encodePredictResponse([...outputs, person], 'G3')
  const message = create(sonar.ExecutionInformationSchema, {
    request: fromBinary(runtime.PredictRequestSchema, Buffer.concat(request)),
    responseOrError: {
      case: 'response',
      value: fromBinary(runtime.PredictResponseSchema, Buffer.concat(response)),
    },
    metadata: { requestId: 'theirs', modelVersionId: 1n },
  })
  const told = readExecution(toBinary(sonar.ExecutionInformationSchema, message), 'G3')
  assert.deepEqual([told.inputs, told.outcome], [inputs, { outputs: [...outputs, person] }])
})

test('metrics are given it, and have no number in the place of one', async () => {
  const record = keepRecord({ ...about(1), inputs, outcome: { outputs } }, true, completeLimits())
  assert.deepEqual(record.nested, ['person'])
  let asked: readonly HydrosphereValue[] = []
  const specification = {
    id: 'i',
    operator: 'Less',
    threshold: 1,
    servableName: 'metric',
  } as Parameters<typeof checkMetric>[0]
  const view = await checkMetric(specification, record, {
    ask: async (_name, values) => {
      asked = values
      return [{ ...person, name: 'value' }]
    },
    signal: new AbortController().signal,
    timeoutMs: 1000,
    maxBytes: 1000,
  })
  assert.deepEqual(asked, [...inputs, ...outputs])
  assert.equal(view.error, "the metric's output 'value' has nested fields; it must be a number")
})
