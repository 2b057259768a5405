import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  decodeResponseValues,
  encodeGatewayRequest,
  HYDROSPHERE_GATEWAY_SERVICE,
  type HydrosphereGroup,
} from '@millrace/sdk/protocol'
import { refusalOf } from './bed/gateway-calls.ts'
import { BUILT_IN, field } from './bed/manager-calls.ts'
import { registerProgram, startBed } from './bed/up-bed.ts'

const bed = await startBed()
after(() => bed.close())

const echo = (generation: string) => [
  process.execPath,
  '--conditions=millrace-source',
  fileURLToPath(new URL('./bed/echo-runtime.ts', import.meta.url)),
  generation,
]
for (const generation of ['G2', 'G3']) {
  await registerProgram(bed, `conformance/echo:${generation}`, echo(generation), {
    MILLRACE_GENERATION: generation,
  })
}

type Field = ReturnType<typeof field> | ReturnType<typeof group>
const group = (name: string, dims: readonly number[], ...subfields: unknown[]) => ({
  name,
  subfields,
  shape: { dims },
})
const PETS = group('pets', [-1], field('name', 'STRING', []), field('legs', 'INT32', []))
const PERSON = group('person', [], field('age', 'INT32', []), group('home', [], field('no', 'INT32', [-1])))
const SEEN = field('seen', 'STRING', [])
const nested = (
  name: string,
  runtime: string,
  inputs: readonly Field[],
  outputs: readonly Field[] = inputs,
) => ({
  name,
  runtime,
  files: { 'src/func_main.mjs': 'export const act = inputs => inputs\n' },
  signature: { signatureName: 'act', inputs, outputs },
})

const BODY = {
  person: { age: 3, home: { no: [1, 2] } },
  pets: [
    { name: 'rex', legs: 4 },
    { name: 'tweety', legs: 2 },
  ],
}

const number = (name: string, shape: number[], ...values: number[]) =>
  ({ name, datatype: 'INT32', shape, data: Int32Array.from(values) }) as const

const ids = new Map<string, number>()
for (const generation of ['G2', 'G3']) {
  const name = `nested-${generation.toLowerCase()}`
  const upload = nested(name, `conformance/echo:${generation}`, [PERSON, PETS], [PERSON, PETS, SEEN])
  const version = await bed.release(upload)
  assert.partialDeepStrictEqual(version['modelSignature'], { inputs: [PERSON, PETS] })
  ids.set(generation, version.id)
  await bed.ready(name, [[[version.id, 100]]])
}

suite('nested fields', { concurrency: 1 }, () => {
  test('check 61: an object and an array of objects arrive and come back', async () => {
    for (const name of ['nested-g2', 'nested-g3']) {
      const { status, json } = await bed.ask(name, { ...BODY, person: { ...BODY.person, more: 1 } })
      assert.equal(status, 200, JSON.stringify(json))
      const { seen, ...outputs } = json
      assert.deepEqual(outputs, BODY)
      assert.deepEqual(JSON.parse(seen as string), {
        person: [{ age: [3], home: [{ no: [1, 2] }] }],
        pets: [
          { name: ['rex'], legs: [4] },
          { name: ['tweety'], legs: [2] },
        ],
      })
    }
  })

  test('check 61: what is missing or wrong is named by its path', async () => {
    const refusal = async (body: object) => {
      const { status, json } = await bed.ask('nested-g3', { ...BODY, ...body })
      assert.equal(status, 400, JSON.stringify(json))
      return json['information'] as string
    }
    assert.match(await refusal({ person: { home: { no: [] } } }), /Missing 'person\.age' field/)
    assert.match(
      await refusal({ pets: [BODY.pets[0], { name: 'x', legs: 'two' }] }),
      /'pets\[1\]\.legs'.*"two"/,
    )
    assert.match(await refusal({ person: [1] }), /'person\[0\]': 1 is not an object with age, home/)
  })

  test('check 61: a pipeline of both generations hands them on, and so does gRPC', async () => {
    const { id } = await bed.ready('nested-both', [[[ids.get('G3')!, 100]], [[ids.get('G2')!, 100]]])
    const { status, json } = await bed.ask('nested-both', BODY)
    assert.equal(status, 200, JSON.stringify(json))
    const { seen: _, ...outputs } = json
    assert.deepEqual(outputs, BODY)
    const legacy = await bed.ok<object>('POST', `/api/v1/applications/serve/${id}/act`, BODY)
    assert.partialDeepStrictEqual(legacy, BODY)

    const home = { name: 'home', shape: [], objects: [[number('no', [2], 1, 2)]] }
    const person = { name: 'person', shape: [], objects: [[number('age', [], 3), home]] }
    const pets = { name: 'pets', shape: [0], objects: [] }
    for (const generation of ['G2', 'G3'] as const) {
      const request = { modelName: 'nested-both', inputs: [person, pets] }
      const answer = await bed.gateway.unary(
        `${HYDROSPHERE_GATEWAY_SERVICE}/PredictApplication`,
        Buffer.concat(encodeGatewayRequest(request, generation)),
      )
      const values = decodeResponseValues(answer, generation) as HydrosphereGroup[]
      assert.deepEqual(values.slice(0, 2), [person, pets])
    }
    const wrong = { modelName: 'nested-both', inputs: [{ ...person, objects: [[home]] }, pets] }
    const { code, details } = await refusalOf(
      bed.gateway.unary(
        `${HYDROSPHERE_GATEWAY_SERVICE}/PredictApplication`,
        Buffer.concat(encodeGatewayRequest(wrong, 'G3')),
      ),
    )
    assert.equal(code, 'INVALID_ARGUMENT')
    assert.match(details, /Missing field person\.age/)
  })

  test('check 61: the example of inputs is an object, and is answered', async () => {
    const example = await bed.ok('GET', '/api/v2/application/generateInputs/nested-g3')
    const { status, json } = await bed.ask('nested-g3', example)
    assert.equal(status, 200, `${JSON.stringify(example)} ${JSON.stringify(json)}`)
  })

  test('check 61: monitoring keeps null for them', async () => {
    const id = ids.get('G2')!
    for (;;) {
      const documents = await bed.ok<Record<string, unknown>[]>('GET', `/monitoring/checks/all/${id}`)
      if (documents.length === 0) continue
      const [{ person, pets, seen, _hs_error: error }] = documents as [Record<string, unknown>]
      assert.deepEqual([person, pets, typeof seen, error], [null, null, 'string', null])
      return
    }
  })

  test('check 61: V2 and the built-in runtime, which have tensors alone, refuse them by name', async () => {
    const inputs = [{ name: 'person', shape: [1], datatype: 'INT32', data: [1] }]
    const { status, text } = await bed.call('POST', '/v2/models/nested-g3/infer', { inputs })
    assert.equal(status, 501, text)
    assert.match(text, /input 'person' has nested fields \(DT_MAP\)/)

    const { id } = await bed.release(nested('tensors-only', BUILT_IN, [PERSON]))
    await bed.application('tensors-only-app', [[[id, 100]]])
    const { message } = await bed.applicationIn('tensors-only-app', 'Failed')
    assert.match(
      message ?? '',
      /field 'person' of the contract has subfields, which models of tensors cannot/,
    )
  })
})
