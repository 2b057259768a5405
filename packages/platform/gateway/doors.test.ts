import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { BytesArray, dataBytes, type Tensor } from '@millrace/sdk'
import { createHydrosphereClient } from '@millrace/sdk/client'
import { startGateway } from './test/gateway-fixture.ts'
import { double, SCALER, scale, xs } from './test/scaler.ts'
import { type Answer, startServable } from './test/servable-fixture.ts'
import { application, field, servable, signature, table } from './test/table-fixture.ts'

/** What a gateway answers, by whichever door it was asked. */
type Outcome =
  | { readonly total: unknown }
  | { readonly status: number; readonly code: string; readonly says: RegExp }

interface Case {
  readonly what: string
  readonly of?: 'application' | 'servable'
  readonly name: string
  readonly inputs: readonly Tensor[]
  /** The same inputs as JSON. */
  readonly json: object
  readonly outcome: Outcome
  readonly answer?: Answer
}

const float: Answer = () => [{ name: 'total', datatype: 'FP32', shape: [], data: Float32Array.of(1) }]
const nothing: Answer = () => []
const tooMany: Answer = () => [double('more', [2], 1, 2), double('total', [], 5), double('other', [1], 1)]
const wide: Answer = () => [double('total', [1], 5)]

const CASES: readonly Case[] = [
  {
    what: 'the golden request',
    name: 'app',
    inputs: [xs(1.5, 2)],
    json: { xs: [[1.5, 2]] },
    outcome: { total: 3.5 },
  },
  {
    what: 'a servable by its own name',
    of: 'servable',
    name: 'scaler-1-a',
    inputs: [xs(1, 2, 3, 4)],
    json: { xs: [1, 2, 3, 4] },
    outcome: { total: 10 },
  },
  {
    what: 'inputs that are not declared',
    name: 'app',
    inputs: [double('other', [1], 7), xs(1, 1)],
    json: { other: 7, xs: [1, 1] },
    outcome: { total: 2 },
  },
  {
    what: 'an application that is not there',
    name: 'missing',
    inputs: [xs(1, 2)],
    json: { xs: [1, 2] },
    outcome: { status: 404, code: 'NOT_FOUND', says: /^Can't find application with the name missing$/ },
  },
  {
    what: 'a servable that is not there',
    of: 'servable',
    name: 'missing',
    inputs: [xs(1, 2)],
    json: { xs: [1, 2] },
    outcome: { status: 404, code: 'NOT_FOUND', says: /^Can't find a servable with name missing$/ },
  },
  {
    what: 'an input that is missing',
    name: 'app',
    inputs: [],
    json: {},
    outcome: { status: 400, code: 'INVALID_ARGUMENT', says: /Missing ('xs' field|field xs)/ },
  },
  {
    what: 'a failing runtime',
    name: 'app',
    inputs: [xs(13, 0)],
    json: { xs: [13, 0] },
    outcome: { status: 500, code: 'INTERNAL', says: /^(INTERNAL: )?RuntimeError\('boom'\)$/ },
  },
  {
    what: 'an output of another data type',
    name: 'app',
    inputs: [xs(1, 2)],
    json: { xs: [1, 2] },
    answer: float,
    outcome: {
      status: 502,
      code: 'INTERNAL',
      says: /Expected DT_DOUBLE data type for field total, got DT_FLOAT \(outputs of stage 0, servable scaler-1-a\)/,
    },
  },
  {
    what: 'an output that is missing',
    name: 'app',
    inputs: [xs(1, 2)],
    json: { xs: [1, 2] },
    answer: nothing,
    outcome: { status: 502, code: 'INTERNAL', says: /Missing field total/ },
  },
  {
    what: 'an output of another shape',
    of: 'servable',
    name: 'scaler-1-a',
    inputs: [xs(1, 2)],
    json: { xs: [1, 2] },
    answer: wide,
    outcome: { status: 502, code: 'INTERNAL', says: /Expected \[\] shape for field total, got \[1\]/ },
  },
  {
    what: 'outputs that are not declared',
    name: 'app',
    inputs: [xs(1, 2)],
    json: { xs: [1, 2] },
    answer: tooMany,
    outcome: { total: 5 },
  },
]

async function startScaler(t: TestContext, answer: Answer) {
  const running = await startServable(t, answer)
  const scaler = servable('scaler-1-a', SCALER, [running.endpoint])
  return { running, ...(await startGateway(t, table([application('app', [[scaler, 100]])]))) }
}

for (const { what, of = 'application', name, inputs, json, outcome, answer = scale } of CASES) {
  test(`${what}: the same over HTTP and gRPC`, async t => {
    const { post, call } = await startScaler(t, answer)
    const method = of === 'application' ? 'PredictApplication' : 'PredictServable'
    const reply = await post(`/gateway/${of}/${name}`, json)
    const over = () => call(method, name, inputs)
    if ('total' in outcome) {
      assert.deepEqual([reply.status, reply.body], [200, { total: outcome.total }])
      const outputs = await over()
      assert.deepEqual(
        outputs.map(({ name, data }) => [name, [...data]]),
        [['total', [outcome.total]]],
      )
      return
    }
    assert.equal(reply.status, outcome.status, reply.text)
    const { information } = reply.body as { information: string }
    assert.match(information, outcome.says)
    await assert.rejects(over(), { status: outcome.code, message: outcome.says })
  })
}

test('errors over HTTP have the envelopes that clients know', async t => {
  const { post } = await startScaler(t, ({ inputs }) => (inputs.length > 0 ? float({ inputs } as never) : []))
  const kindOf = async (path: string, body: unknown) =>
    ((await post(path, body)).body as { error: string } | undefined)?.error
  assert.equal(await kindOf('/gateway/application/none', {}), 'NotFound')
  assert.equal(await kindOf('/gateway/application/app', {}), 'BadRequest')
  assert.equal(await kindOf('/gateway/application/app', [1]), 'BadRequest')
  assert.equal(await kindOf('/gateway/application/app', 'nonsense'), 'BadRequest')
  assert.equal(await kindOf('/gateway/application/app', { xs: [1, 2] }), 'ContractViolationError')
  const other = await post('/gateway/application/app', 'a', { headers: { 'content-type': 'text/csv' } })
  assert.deepEqual([other.status, other.body], [415, undefined])
})

test('whatever comes behind a name is ignored, and the old route finds applications by number', async t => {
  const { post, discovery } = await startScaler(t, scale)
  const { id } = discovery.table.applications.get('app')!
  for (const path of [
    '/gateway/application/app/predict/more',
    '/gateway/application/app/',
    '/gateway/servable/scaler-1-a/x',
    `/api/v1/applications/serve/${id}/anything`,
    `/api/v1/applications/serve/${id}`,
  ]) {
    assert.deepEqual((await post(path, { xs: [1, 2] })).body, { total: 3 }, path)
  }
  for (const unknown of ['999999', 'app', '0x1', '1e0']) {
    assert.equal((await post(`/api/v1/applications/serve/${unknown}/x`, {})).status, 404)
  }
})

test('what the gateway knows can be listed', async t => {
  const { base } = await startScaler(t, scale)
  const get = async (path: string) => (await fetch(`${base}${path}`)).json()
  const [app] = (await get('/gateway/application')) as Record<string, unknown>[]
  assert.equal(app!['name'], 'app')
  assert.deepEqual(app!['executionGraph'], {
    stages: [{ modelVariants: [{ servable: 'scaler-1-a', weight: 100 }] }],
  })
  const [scaler] = (await get('/gateway/servable')) as Record<string, unknown>[]
  assert.deepEqual(
    [scaler!['name'], scaler!['endpointCount'], scaler!['signature']],
    ['scaler-1-a', 1, SCALER],
  )
  assert.deepEqual(await get('/gateway/buildinfo'), { name: 'millrace-gateway' })
  assert.equal(await (await fetch(`${base}/health`)).text(), 'OK')
})

test('every kind of output is shown as JSON has it', async t => {
  const outputs: readonly Tensor[] = [
    { name: 'int', datatype: 'INT32', shape: [], data: Int32Array.of(7) },
    { name: 'long', datatype: 'INT64', shape: [1], data: BigInt64Array.of(2n ** 63n - 1n) },
    { name: 'nan', datatype: 'FP32', shape: [2], data: Float32Array.of(Number.NaN, 0.1) },
    { name: 'text', datatype: 'BYTES', shape: [], data: BytesArray.from(['é']) },
    { name: 'grid', datatype: 'UINT8', shape: [2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) },
  ]
  const declared = signature(
    [field('x', 'DT_INT64', [])],
    [
      field('int', 'DT_INT32', []),
      field('long', 'DT_INT64', [-1]),
      field('nan', 'DT_FLOAT', [2]),
      field('text', 'DT_STRING', []),
      field('grid', 'DT_UINT8'),
    ],
  )
  const running = await startServable(t, () => outputs)
  const { post } = await startGateway(t, table([], [servable('all-1-a', declared, [running.endpoint])]))
  const { text } = await post('/gateway/servable/all-1-a', '{"x":9007199254740993}')
  assert.equal(
    text,
    '{"int":7,"long":[9223372036854775807],"nan":[null,0.1],"text":"é","grid":[[1,2,3],[4,5,6]]}',
  )
  assert.deepEqual(running.calls[0]!.inputs[0]!.data, BigInt64Array.of(9007199254740993n))
})

test('signatures that tensors cannot hold are refused by name before anybody is asked', async t => {
  const declared = signature([field('x', 'DT_DOUBLE', [])], [field('z', 'DT_COMPLEX64', [])])
  const running = await startServable(t, scale)
  const { post, call } = await startGateway(t, table([], [servable('c-1-a', declared, [running.endpoint])]))
  const reply = await post('/gateway/servable/c-1-a', { x: 1 })
  assert.equal(reply.status, 501)
  assert.match(reply.text, /"NotImplemented".*output 'z' has dtype DT_COMPLEX64/)
  await assert.rejects(call('PredictServable', 'c-1-a', [double('x', [], 1)]), { status: 'UNIMPLEMENTED' })
  assert.equal(running.calls.length, 0)
})

test('both generations of the service are understood by their messages', async t => {
  const { call } = await startScaler(t, scale)
  for (const generation of ['G2', 'G3'] as const) {
    for (const method of ['PredictServable', 'ShadowlessPredictServable']) {
      const [output] = await call(method, 'scaler-1-a', [xs(1, 2)], { generation })
      assert.deepEqual([...output!.data], [3], `${generation} ${method}`)
    }
  }
  const [output] = await call('ReplayModel', 'scaler-1-a', [xs(1, 2)], { generation: 'G2' })
  assert.deepEqual([...output!.data], [3])
})

test('clients of the second generation name servables before applications', async t => {
  const one = await startServable(t, () => [double('total', [], 1)])
  const two = await startServable(t, () => [double('total', [], 2)])
  const first = servable('same', SCALER, [one.endpoint])
  const second = servable('other', SCALER, [two.endpoint])
  const { grpcTarget } = await startGateway(
    t,
    table([application('same', [[second, 100]]), application('app', [[second, 100]])], [first]),
  )
  const client = createHydrosphereClient({ target: grpcTarget, generation: 'G2' })
  t.after(() => client.close())
  const ask = async (modelName: string) =>
    (await client.predict({ modelName, inputs: [xs(1, 2)] })).outputs.map(({ data }) => [...data])
  assert.deepEqual(await ask('same'), [[1]])
  assert.deepEqual(await ask('app'), [[2]])
  await assert.rejects(ask(''), { code: 'INVALID_ARGUMENT', message: /^ModelSpec is not defined/ })
  await assert.rejects(ask('none'), { code: 'NOT_FOUND' })
})

test('bodies beyond the limit are refused, and broken messages too', async t => {
  const running = await startServable(t, scale)
  const scaler = servable('scaler-1-a', SCALER, [running.endpoint])
  const { post, call } = await startGateway(t, table([], [scaler]), { limits: { maxJsonBytes: 100 } })
  const reply = await post('/gateway/servable/scaler-1-a', { xs: [1, 2], pad: 'x'.repeat(100) })
  assert.equal(reply.status, 413)
  assert.match(reply.text, /the body has 121 bytes; as JSON the gateway takes up to 100/)
  await assert.rejects(call('PredictServable', 'scaler-1-a', [{ ...xs(1, 2), shape: [3, 2] }]), {
    status: 'INVALID_ARGUMENT',
  })
})

test('20 MB pass in both directions, through both doors', async t => {
  const declared = signature([field('x', 'DT_DOUBLE', [-1])], [field('x', 'DT_DOUBLE', [-1])])
  const running = await startServable(t, ({ inputs }) => inputs)
  const { call, post } = await startGateway(
    t,
    table([], [servable('echo-1-a', declared, [running.endpoint])]),
    {},
    { grpc_max_message_length: 64 * 1024 * 1024 },
  )
  const count = 2_500_000
  const data = Float64Array.from({ length: count }, (_, index) => index)
  const [output] = await call('PredictServable', 'echo-1-a', [
    { name: 'x', datatype: 'FP64', shape: [count], data },
  ])
  assert.ok(Buffer.from(dataBytes(output!.data)).equals(dataBytes(data)))
  const { status, text } = await post('/gateway/servable/echo-1-a', `{"x":[${data.join(',')}]}`)
  assert.equal(status, 200)
  assert.equal(text, `{"x":[${data.join(',')}]}`)
})
