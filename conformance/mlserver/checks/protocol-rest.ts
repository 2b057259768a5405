import { deflateSync, gunzipSync, gzipSync } from 'node:zlib'
import type { Check } from '../check.ts'
import {
  errorOf,
  littleEndian,
  member,
  outputData,
  rowsRequest,
  SUM_INFER,
  SUM_REQUEST,
  textRequest,
} from '../questions.ts'
import type { HttpAnswer } from '../target/rest-client.ts'

const ECHO = '/v2/models/echo-model/infer'
const HEAD_LENGTH = 'inference-header-content-length'

function binaryInput(name: string, sizeBytes: number, datatype = 'INT32', shape: readonly number[] = [1, 3]) {
  return { name, shape, datatype, parameters: { binary_data_size: sizeBytes } }
}

function outputNames({ json }: HttpAnswer): unknown[] {
  const outputs = member(json, 'outputs')
  return Array.isArray(outputs) ? outputs.map(one => member(one, 'name')) : []
}

const THREE = littleEndian([1, 2, 3], 'INT32')

function typedTexts(name: string, type: string, data: readonly string[]): object {
  return { name, shape: [data.length], datatype: 'BYTES', parameters: { content_type: type }, data }
}

export const protocolRestChecks: readonly Check[] = [
  {
    id: 'OIP-3',
    reference: 'open-inference §18.3',
    title: '/v2 and /v2/ both give name, version and extensions',
    deviation: '/v2/ answers itself; MLServer redirects.',
    run: async ({ rest }, see) => {
      for (const path of ['/v2', '/v2/']) {
        const answer = await rest.get(path)
        see.same(path, answer.status, 200)
        see.same(
          'members',
          ['name', 'version', 'extensions'].filter(name => member(answer.json, name) !== undefined).length,
          3,
        )
      }
    },
  },
  {
    id: 'OIP-4',
    reference: 'open-inference §18.4',
    title: 'percent-encoded names are decoded',
    run: async ({ rest }, see) => {
      see.same('sum%2Dmodel', (await rest.get('/v2/models/sum%2Dmodel')).status, 200)
      see.same('unknown', errorOf(await rest.get('/v2/models/no%20such')), 'Model no such not found')
    },
  },
  {
    id: 'OIP-6',
    reference: 'open-inference §18.6',
    title: 'a wrong element count is a 400 that names the tensor',
    deviation: '400, and the message says which tensor; MLServer leaves it to the model (500).',
    run: async ({ rest }, see) => {
      const answer = await rest.post(SUM_INFER, { inputs: [{ ...SUM_REQUEST.inputs[0], shape: [1, 4] }] })
      see.same('status', answer.status, 400)
      see.matches('error', errorOf(answer), /input-0/)
    },
  },
  {
    id: 'OIP-7',
    reference: 'open-inference §18.7',
    title: 'every datatype but the half floats round-trips through JSON',
    run: async ({ rest }, see) => {
      const values: Readonly<Record<string, readonly unknown[]>> = {
        BOOL: [true, false],
        UINT8: [0, 255],
        UINT16: [0, 65_535],
        UINT32: [0, 4_294_967_295],
        UINT64: [0, 7],
        INT8: [-128, 127],
        INT16: [-32_768, 32_767],
        INT32: [-2_147_483_648, 2_147_483_647],
        INT64: [-7, 7],
        FP32: [-0.5, 1.25],
        FP64: [-0.1, 1e300],
        BYTES: ['', 'ü'],
      }
      for (const [datatype, data] of Object.entries(values)) {
        const answer = await rest.post(ECHO, { inputs: [{ name: 'x', shape: [2], datatype, data }] })
        see.same(datatype, outputData(answer), data)
      }
    },
  },
  {
    id: 'OIP-9',
    reference: 'open-inference §18.9',
    title: 'unknown members are ignored',
    run: async ({ rest }, see) => {
      const answer = await rest.post(SUM_INFER, { ...SUM_REQUEST, id: 'x', surprise: { deep: [1] } })
      see.same('answer', [outputData(answer), member(answer.json, 'id')], [[6], 'x'])
    },
  },
  {
    id: 'OIP-10',
    reference: 'open-inference §18.10',
    title: 'requested outputs filter; an unknown one is a 400',
    deviation: 'The server filters, and refuses a name that there is not; MLServer leaves both to the model.',
    run: async ({ rest }, see) => {
      const inputs = ['a', 'b'].map(name => ({ name, shape: [1], datatype: 'INT32', data: [1] }))
      see.same('all', outputNames(await rest.post(ECHO, { inputs })), ['a', 'b'])
      see.same('one', outputNames(await rest.post(ECHO, { inputs, outputs: [{ name: 'b' }] })), ['b'])
      see.same('unknown', (await rest.post(ECHO, { inputs, outputs: [{ name: 'c' }] })).status, 400)
    },
  },
  {
    id: 'OIP-15',
    reference: 'open-inference §18.15',
    title:
      'gzip and deflate requests, with and without binary tensors; an unknown encoding is refused as JSON',
    deviation: 'deflate too, and an encoding that nobody knows is 415; MLServer knows gzip alone.',
    run: async ({ rest }, see) => {
      const json = Buffer.from(JSON.stringify(SUM_REQUEST))
      const send = (body: Uint8Array, encoding: string) =>
        rest.post(SUM_INFER, body, { 'content-type': 'application/json', 'content-encoding': encoding })
      see.same('gzip', outputData(await send(gzipSync(json), 'gzip')), [6])
      see.same('deflate', outputData(await send(deflateSync(json), 'deflate')), [6])
      const unknown = await send(json, 'zap')
      see.oneOf(
        'unknown',
        [unknown.status, typeof errorOf(unknown)],
        [
          [415, 'string'],
          [400, 'string'],
          [501, 'string'],
        ],
      )
      const head = Buffer.from(JSON.stringify({ inputs: [binaryInput('input-0', 12)] }))
      const packedBody = gzipSync(Buffer.concat([head, THREE]))
      const headers = { 'content-encoding': 'gzip', [HEAD_LENGTH]: `${head.length}` }
      see.same('gzip and binary', outputData(await rest.post(SUM_INFER, packedBody, headers)), [6])
    },
  },
  {
    id: 'OIP-16',
    reference: 'open-inference §18.16',
    title: 'Accept-Encoding: the values of q decide between gzip, deflate and none',
    deviation: 'deflate is offered too, and q=0 is believed; MLServer looks for the word gzip.',
    run: async ({ rest }, see) => {
      const inputs = [{ name: 'x', shape: [2000], datatype: 'INT32', data: Array<number>(2000).fill(1) }]
      const ask = (accepted: string) => rest.post(ECHO, { inputs }, { 'accept-encoding': accepted })
      const encoding = async (accepted: string) => (await ask(accepted)).headers['content-encoding']
      const gzip = await ask('gzip;q=1, deflate;q=0.1')
      see.same('gzip first', gzip.headers['content-encoding'], 'gzip')
      if (gzip.headers['content-encoding'] === 'gzip')
        see.that('unpacks', gunzipSync(gzip.body).length > 2000)
      see.same('deflate first', await encoding('deflate;q=1, gzip;q=0.1'), 'deflate')
      see.same('gzip refused', await encoding('gzip;q=0'), undefined)
      see.same('nothing said', await encoding('identity'), undefined)
    },
  },
  {
    id: 'OIP-17',
    reference: 'open-inference §18.17',
    title: 'the index takes no body, {} and a filter; a ready that is no boolean is refused',
    deviation: 'No body means all; a `ready` that is neither true nor false is refused, MLServer guesses.',
    run: async ({ rest }, see) => {
      const index = '/v2/repository/index'
      see.same('no body', (await rest.post(index)).status, 200)
      see.same('{}', (await rest.post(index, {})).status, 200)
      see.same('filter', (await rest.post(index, { ready: true })).status, 200)
      see.oneOf('"yes"', (await rest.post(index, { ready: 'yes' })).status, [400, 422])
    },
  },
  {
    id: 'OIP-18',
    reference: 'open-inference §18.18',
    title: 'load of a loaded model reloads; load and unload take any or no body',
    isExclusive: true,
    run: async ({ rest }, see) => {
      const model = '/v2/repository/models/echo-model'
      see.same('load, no body', (await rest.post(`${model}/load`)).status, 200)
      see.same('load, {}', (await rest.post(`${model}/load`, {})).status, 200)
      const unload = await rest.post(`${model}/unload`, { parameters: { unload_dependents: false } })
      see.same("unload, as Triton's clients say it", unload.status, 200)
      see.same('infer', (await rest.post(ECHO, SUM_REQUEST)).status, 404)
      see.same('load again', (await rest.post(`${model}/load`)).status, 200)
      see.same('infer', (await rest.post(ECHO, SUM_REQUEST)).status, 200)
    },
  },
  {
    id: 'OIP-24',
    reference: 'open-inference §18.24',
    title: 'generate takes a V2 body and a text_input body',
    deviation: "Triton's short form is taken too; MLServer takes V2 bodies alone.",
    run: async ({ rest }, see) => {
      const path = '/v2/models/text-model/generate'
      see.same('V2', outputData(await rest.post(path, textRequest('hello'))), ['hello'])
      const short = await rest.post(path, { text_input: 'hello' })
      see.same('text_input', [short.status, member(short.json, 'text_output')], [200, 'hello'])
    },
  },
  {
    id: 'OIP-25',
    reference: 'open-inference §18.25',
    title: 'statistics: 3 requests of 2 rows add 6 to inference_count',
    isExclusive: true,
    deviation: 'Statistics, as stock Triton clients ask for; MLServer has none.',
    run: async ({ rest }, see) => {
      const path = '/v2/models/batch-model/stats'
      const count = async () =>
        Number(member((await rest.get(path)).json, 'model_stats', 0, 'inference_count') ?? 0)
      const before = await count()
      const body = rowsRequest([[1], [2]])
      for (let index = 0; index < 3; index++) await rest.post('/v2/models/batch-model/infer', body)
      see.same('status', (await rest.get(path)).status, 200)
      see.same('added', (await count()) - before, 6)
    },
  },
  {
    id: 'OIP-26',
    reference: 'open-inference §18.26',
    title: 'every error is JSON with `error`: unknown path, wrong method, wrong type, failed model',
    deviation: '`error` is there always; MLServer says `detail`, or nothing but text.',
    run: async ({ rest }, see) => {
      const answers = {
        404: await rest.get('/nowhere'),
        405: await rest.send({ method: 'DELETE', path: '/v2/health/live' }),
        422: await rest.post(SUM_INFER, {}),
        500: await rest.post('/v2/models/error-model/infer', {
          ...SUM_REQUEST,
          parameters: { kind: 'plain' },
        }),
      }
      for (const [status, answer] of Object.entries(answers)) {
        see.same(status, [answer.status, typeof errorOf(answer)], [Number(status), 'string'])
      }
      see.that('405 says what is allowed', answers[405].headers['allow'] !== undefined)
    },
  },
  {
    id: 'CODEC-25.5',
    reference: 'mlserver §25.5',
    title:
      'arguments by name and type: numbers and texts in, output-0 and output-1 out; a missing one is a 400',
    deviation: 'A missing input is 400 and named; MLServer answers 500 or leaves it to the model.',
    run: async ({ rest }, see) => {
      const foo = { name: 'foo', shape: [3], datatype: 'FP64', data: [1, 2, 3.5] }
      const bar = {
        name: 'bar',
        shape: [2],
        datatype: 'BYTES',
        parameters: { content_type: 'str' },
        data: ['a', 'ü'],
      }
      const ask = (inputs: readonly object[]) => rest.post('/v2/models/simple-model/infer', { inputs })
      const answer = await ask([foo, bar])
      see.same('output-0', outputData(answer, 'output-0'), [6.5])
      see.same('output-1', outputData(answer, 'output-1'), ['A', 'Ü'])
      const missing = await ask([foo])
      see.same('missing', missing.status, 400)
      see.matches('error', errorOf(missing), /bar/)
    },
  },
  {
    id: 'CODEC-25.5b',
    reference: 'mlserver §25.5, §10.1',
    title: 'content types: base64 and datetime decoded and encoded',
    run: async ({ rest }, see) => {
      const inputs = [
        typedTexts('blob', 'base64', ['UHl0aG9uIGlzIGZ1bg==', '']),
        typedTexts('when', 'datetime', ['2021-08-24T15:01:19-04:00', '2021-08-24T15:01:19+00:00']),
      ]
      const answer = await rest.post('/v2/models/codec-model/infer', { inputs })
      see.same('bytes', outputData(answer, 'sizes'), [13, 0])
      see.same('seconds', outputData(answer, 'seconds'), [1_629_831_679, 1_629_817_279])
      see.same('base64', outputData(answer, 'blob'), ['UHl0aG9uIGlzIGZ1bg==', ''])
    },
  },
]
