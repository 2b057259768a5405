import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Tensor, toTensor } from '@millrace/sdk'
import { createGrpcClient, createRestClient } from '@millrace/sdk/client'
import type { HydrosphereGroup, HydrosphereValue } from '@millrace/sdk/protocol'
import type { ModelSignature, SignatureField } from '../store/index.ts'
import type { ServableEndpoint } from './discovery.ts'
import { startGateway } from './test/gateway-fixture.ts'
import { type Answer, startServable } from './test/servable-fixture.ts'
import { application, field, servable, signature, table } from './test/table-fixture.ts'

const group = (
  name: string,
  dims: readonly number[] | undefined,
  ...subfields: SignatureField[]
): SignatureField => ({ name, subfields, shape: dims === undefined ? null : { dims } })

const PETS = group('pets', [-1], field('name', 'DT_STRING', []), field('legs', 'DT_INT64', []))
const CUSTOMER = group('customer', [], field('age', 'DT_INT32', []), field('xs', 'DT_DOUBLE', [-1]), PETS)
const ECHO = signature([CUSTOMER], [CUSTOMER])
const ANN = {
  age: 33,
  xs: [1.5, 2],
  pets: [
    { name: 'rex', legs: 4 },
    { name: 'tweety', legs: 2 },
  ],
}
const BODY = JSON.stringify({ customer: ANN }).replace('"legs":2', '"legs":9007199254740993')

const echo: Answer = ({ values }) => values

async function startOne(
  t: TestContext,
  answer: Answer = echo,
  declared: ModelSignature = ECHO,
  protocol?: ServableEndpoint['protocol'],
) {
  const running = await startServable(t, answer, protocol)
  const routed = servable('echo-1-a', declared, [running.endpoint])
  const gateway = await startGateway(t, table([application('app', [[routed, 100]])]))
  const ask = async (customer: unknown) => {
    const { status, body } = await gateway.post('/gateway/application/app', { customer })
    return { status, information: (body as { information?: string }).information ?? '', body }
  }
  return { ...gateway, running, ask }
}

const number = (name: string, value: number): Tensor =>
  toTensor({ name, datatype: 'INT32', shape: [], data: [value] })
const ann = (...members: HydrosphereValue[]): HydrosphereGroup => ({
  name: 'customer',
  shape: [],
  objects: [members],
})

for (const protocol of ['G1', 'G2', 'G3'] as const) {
  test(`${protocol}: objects and arrays of objects arrive, and come back with all their digits`, async t => {
    const { post, running } = await startOne(t, echo, ECHO, protocol)
    for (const path of ['/gateway/application/app', '/gateway/servable/echo-1-a']) {
      const { status, text } = await post(path, BODY)
      assert.deepEqual([status, text], [200, BODY])
    }
    const [customer] = running.calls[0]!.values as HydrosphereGroup[]
    const [age, , pets] = customer!.objects[0]!
    assert.deepEqual([customer!.shape, (age as Tensor).data], [[], Int32Array.of(33)])
    assert.deepEqual([pets!.shape, (pets as HydrosphereGroup).objects.length], [[2], 2])
  })
}

test('an array of no objects, and one without a declared shape', async t => {
  const open = group('open', undefined, field('a', 'DT_INT32', []))
  const { post, ask } = await startOne(t, echo, signature([CUSTOMER, open], [CUSTOMER, open]))
  const none = { ...ANN, pets: [] }
  for (const value of [{ a: 1 }, [{ a: 1 }], [[{ a: 1 }, { a: 2 }]], []]) {
    const { text } = await post('/gateway/application/app', { customer: none, open: value })
    assert.deepEqual(JSON.parse(text), { customer: none, open: value })
  }
  assert.match((await ask(none)).information, /Missing 'open' field/)
})

test('what is wrong with JSON is told by path, and what is surplus is left out', async t => {
  const { ask, running } = await startOne(t)
  const wrong: [customer: unknown, message: RegExp][] = [
    [{ xs: [], pets: [] }, /Missing 'customer\.age' field/],
    [{ ...ANN, age: 'old' }, /Field 'customer\.age': .*old.*incompatible data type DT_INT32/],
    [{ ...ANN, pets: [{ name: 'a', legs: 1 }, { name: 'b' }] }, /Missing 'customer\.pets\[1\]\.legs' field/],
    [{ ...ANN, pets: { name: 'a', legs: 1.5 } }, /Field 'customer\.pets\.legs': 1\.5/],
    [{ ...ANN, pets: ['rex'] }, /Field 'customer\.pets\[0\]': .*rex.* is not an object with name, legs/],
    [7, /Field 'customer': 7 is not an object with age, xs, pets/],
    [null, /Field 'customer': null is not an object/],
    [[ANN, ANN], /Incompatible shape for 'customer': 2 values/],
    [{ ...ANN, age: [1, 2] }, /Incompatible shape for 'customer\.age'/],
  ]
  for (const [customer, message] of wrong) {
    const { status, information } = await ask(customer)
    assert.equal(status, 400, information)
    assert.match(information, message)
  }
  assert.equal(running.calls.length, 0)
  const { body } = await ask({ ...ANN, pets: [{ name: 'rex', legs: 4, tail: 1 }], more: { a: 1 } })
  assert.deepEqual(body, { customer: { ...ANN, pets: [{ name: 'rex', legs: 4 }] } })
})

test('bodies of too many objects or members are refused', async t => {
  const wide = group(
    'wide',
    [-1],
    ...Array.from({ length: 100 }, (_, index) => field(`f${index}`, 'DT_INT8', [])),
  )
  const { post } = await startOne(t, echo, signature([wide], [wide]))
  const object = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`f${index}`, 1]))
  const members = await post('/gateway/application/app', { wide: Array.from({ length: 1001 }, () => object) })
  assert.equal(members.status, 400)
  assert.match(members.text, /more than 100000 members/)
  const objects = await post('/gateway/application/app', { wide: Array.from({ length: 20_001 }, () => ({})) })
  assert.match(objects.text, /more than 20000 objects/)
  const deep = await post('/gateway/application/app', `{"wide":${'['.repeat(40)}{}${']'.repeat(40)}}`)
  assert.match(deep.text, /Field 'wide' has arrays nested deeper than 32 levels/)
  const mistakes = await post('/gateway/application/app', {
    wide: Array.from({ length: 500 }, () => ({ f0: 1 })),
  })
  assert.match(mistakes.text, /Missing 'wide\[0\]\.f1' field.*and 49480 more/)
})

test('over gRPC groups pass in both generations, within the signature', async t => {
  const { call, post, records, running } = await startOne(t)
  await post('/gateway/application/app', BODY)
  const { values } = running.calls[0]!
  for (const generation of ['G2', 'G3'] as const) {
    assert.deepEqual(await call('PredictApplication', 'app', values, { generation }), values)
    assert.deepEqual(await call('PredictServable', 'echo-1-a', values, { generation }), values)
  }
  const pets = { name: 'pets', shape: [1], objects: [[number('legs', 4)]] }
  const wrong = call('PredictServable', 'echo-1-a', [ann(number('xs', 1), pets, number('more', 1))])
  await assert.rejects(wrong, error => {
    const { message, status } = error as Error & { readonly status: string }
    assert.equal(status, 'INVALID_ARGUMENT')
    assert.match(message, /Missing field customer\.age/)
    assert.match(message, /Expected DT_DOUBLE data type for field customer\.xs, got DT_INT32/)
    assert.match(message, /Missing field customer\.pets\[0\]\.name/)
    assert.match(message, /Expected DT_INT64 data type for field customer\.pets\[0\]\.legs, got DT_INT32/)
    return true
  })
  await assert.rejects(call('PredictServable', 'echo-1-a', [number('customer', 1)]), {
    message: /Expected DT_MAP data type for field customer, got DT_INT32/,
  })
  await assert.rejects(call('PredictServable', 'echo-1-a', [ann(ann(), pets)]), {
    message: /Missing field customer\.age/,
  })
  assert.equal(running.calls.length, 5)
  assert.deepEqual(records.at(-1)!.inputs, values)
})

test('what a model answers is held against the signature, too', async t => {
  const answers: Record<number, HydrosphereValue[]> = {
    1: [ann(number('age', 1))],
    2: [{ ...ann(), shape: [1] }],
    3: [number('customer', 1)],
  }
  const { ask } = await startOne(t, ({ values }) => {
    const [age] = (values[0] as HydrosphereGroup).objects[0]!
    return answers[Number((age as Tensor).data[0 as never])]!
  })
  for (const [age, message] of [
    [1, /Missing field customer\.xs.*\n.*Missing field customer\.pets \(outputs of stage 0/],
    [2, /Expected \[\] shape for field customer, got \[1\]/],
    [3, /Expected DT_MAP data type for field customer, got DT_INT32/],
  ] as const) {
    const { status, information } = await ask({ ...ANN, age })
    assert.equal(status, 502)
    assert.match(information, message)
  }
})

test('a tensor for which a model answers with a group is not what was declared', async t => {
  const { post } = await startOne(
    t,
    () => [{ name: 'y', shape: [], objects: [[]] }],
    signature([field('x', 'DT_INT32', [])], [field('y', 'DT_INT32', [])]),
  )
  const { text } = await post('/gateway/application/app', { x: 1 })
  assert.match(text, /Expected DT_INT32 data type for field y, got DT_MAP/)
})

test('stages hand groups on, reduced to what the next one declares', async t => {
  const less = group('customer', [], PETS)
  const one = await startServable(t, echo, 'G2')
  const two = await startServable(t, echo)
  const stages = [
    [[servable('one-1-a', ECHO, [one.endpoint]), 100]],
    [[servable('two-1-a', signature([less], [less]), [two.endpoint]), 100]],
  ] as const
  const { post } = await startGateway(t, table([application('app', ...stages)]))
  const { body } = await post('/gateway/application/app', {
    customer: { ...ANN, pets: ANN.pets.slice(0, 1) },
  })
  assert.deepEqual(body, { customer: { pets: ANN.pets.slice(0, 1) } })
  const [customer] = two.calls[0]!.values as HydrosphereGroup[]
  assert.deepEqual(
    customer!.objects[0]!.map(({ name }) => name),
    ['pets'],
  )
})

test('a servable of V2 cannot be given nested fields, and says so by name', async t => {
  const { ask, running } = await startOne(t, echo, ECHO, 'V2')
  const { status, information } = await ask(ANN)
  assert.equal(status, 501)
  assert.match(information, /input 'customer' has nested fields \(DT_MAP\), which a servable that speaks V2/)
  assert.equal(running.calls.length, 0)
})

test('V2 has no way to ask for nested fields, and says so by name', async t => {
  const { gateway, server, running, base, grpcTarget } = await startOne(
    t,
    echo,
    signature([field('x', 'DT_INT32', [])], [CUSTOMER]),
  )
  const follow = gateway.hostedModels.follow(server.registry)
  t.after(follow)
  const clients = [createRestClient({ url: base }), createGrpcClient({ target: grpcTarget })]
  t.after(() => Promise.all(clients.map(client => client.close())))
  for (const client of clients) {
    while (!(await client.isReady({ modelName: 'app' }).catch(() => false))) {
      await new Promise(resolve => void setImmediate(resolve))
    }
    await assert.rejects(client.infer({ modelName: 'app', inputs: [number('x', 1)] }), {
      code: 'UNIMPLEMENTED',
      message:
        /output 'customer' has nested fields \(DT_MAP\), which a model of tensors cannot be asked with/,
    })
  }
  assert.equal(running.calls.length, 0)
})
