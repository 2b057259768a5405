import { gunzipSync, gzipSync } from 'node:zlib'
import type { Check } from '../check.ts'
import { withServer } from '../launchers/launcher.ts'
import { errorOf, member, outputData, SUM_INFER, SUM_REQUEST } from '../questions.ts'

const ENUM_TEXT =
  "Input should be 'BOOL', 'UINT8', 'UINT16', 'UINT32', 'UINT64', 'INT8', 'INT16', 'INT32', 'INT64', 'FP16', 'FP32', 'FP64' or 'BYTES'"

export const restBodyChecks: readonly Check[] = [
  {
    id: 'REST-13',
    reference: 'mlserver §24.13, R13',
    title: 'an invalid datatype and a missing field: 422 with detail, and error too',
    deviation:
      'BF16 is a datatype here, so the list of the message has one more; `error` stands beside `detail`, for clients of either kind.',
    run: async ({ rest }, see) => {
      const inputs = [{ ...SUM_REQUEST.inputs[0], datatype: 'INT322' }]
      const wrong = await rest.post(SUM_INFER, { inputs })
      see.same('status', wrong.status, 422)
      // One more datatype in the list is no less exact.
      const message = member(wrong.json, 'detail', 0, 'msg')
      const plain = typeof message === 'string' ? message.replace(" 'BF16',", '') : message
      see.same('message', plain, ENUM_TEXT)
      see.same('error beside it', typeof errorOf(wrong), 'string')
      const missing = await rest.post(SUM_INFER, { inputs: [{ name: 'a', shape: [1], data: [1] }] })
      see.same('missing', [missing.status, member(missing.json, 'detail', 0, 'type')], [422, 'missing'])
      see.same('where', member(missing.json, 'detail', 0, 'loc'), ['body', 'inputs', 0, 'datatype'])
      see.same('error beside it', typeof errorOf(missing), 'string')
    },
  },
  {
    id: 'REST-13b',
    reference: 'mlserver §2.5',
    title: 'no body and bad JSON: 422 with detail; a bad body of an unknown model: 422, not 404',
    run: async ({ rest }, see) => {
      const none = await rest.post(SUM_INFER)
      see.same('no body', [none.status, member(none.json, 'detail', 0, 'type')], [422, 'missing'])
      const bad = await rest.post(SUM_INFER, '{"inputs": [', { 'content-type': 'application/json' })
      see.same('bad JSON', [bad.status, member(bad.json, 'detail', 0, 'type')], [422, 'json_invalid'])
      see.same('unknown model', (await rest.post('/v2/models/my-model/infer', {})).status, 422)
    },
  },
  {
    id: 'REST-14',
    reference: 'mlserver §24.14, R14, R15',
    title: 'gzip: requests accepted; answers over 500 bytes compressed for clients that accept it',
    run: async ({ rest }, see) => {
      const body = gzipSync(JSON.stringify(SUM_REQUEST))
      const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
      see.same('compressed request', outputData(await rest.post(SUM_INFER, body, headers)), [6])
      const echo = (count: number) => {
        const inputs = [{ name: 'x', shape: [count], datatype: 'INT32', data: Array(count).fill(1) }]
        return rest.post('/v2/models/echo-model/infer', { inputs }, { 'accept-encoding': 'gzip' })
      }
      const large = await echo(1000)
      see.same('large answer', large.headers['content-encoding'], 'gzip')
      if (large.headers['content-encoding'] === 'gzip') {
        const unpacked: unknown = JSON.parse(gunzipSync(large.body).toString())
        see.same('unpacked', member(unpacked, 'outputs', 0, 'data', 'length'), 1000)
      }
      see.same('small answer', (await echo(2)).headers['content-encoding'], undefined)
    },
  },
  {
    id: 'REST-14b',
    reference: 'mlserver §24.14',
    title: 'gzip_enabled false: no answer is compressed',
    isLaunching: true,
    run: (target, see) =>
      withServer(
        target,
        { models: [{ folder: 'echo', probe: 'echo-model' }], settings: { gzip_enabled: false } },
        async ({ rest }) => {
          const inputs = [{ name: 'x', shape: [1000], datatype: 'INT32', data: Array(1000).fill(1) }]
          const answer = await rest.post(
            '/v2/models/echo-model/infer',
            { inputs },
            { 'accept-encoding': 'gzip' },
          )
          see.same('status', answer.status, 200)
          see.same('content-encoding', answer.headers['content-encoding'], undefined)
        },
      ),
  },
  {
    id: 'REST-15',
    reference: 'mlserver §24.15; open-inference §18.8',
    title: 'NaN and the infinities leave as null; null comes in as NaN',
    run: async ({ rest }, see) => {
      const special = await rest.post('/v2/models/echo-model/infer', {
        ...SUM_REQUEST,
        parameters: { special: true },
      })
      see.same('out', outputData(special), [null, null, null, 1.5])
      const inputs = [{ name: 'x', shape: [2], datatype: 'FP32', data: [1, null] }]
      see.same('in and out', outputData(await rest.post('/v2/models/echo-model/infer', { inputs })), [
        1,
        null,
      ])
    },
  },
  {
    id: 'REST-16',
    reference: 'mlserver §24.16',
    title: 'uint64 maximum, int64 minimum and 2^53+1 are exact through JSON',
    run: async ({ rest }, see) => {
      for (const [datatype, value] of [
        ['UINT64', '18446744073709551615'],
        ['INT64', '-9223372036854775808'],
        ['INT64', '9007199254740993'],
      ]) {
        const body = `{"inputs":[{"name":"x","shape":[1],"datatype":"${datatype}","data":[${value}]}]}`
        const headers = { 'content-type': 'application/json' }
        const { text } = await rest.post('/v2/models/echo-model/infer', body, headers)
        see.same(`${datatype}`, /"data":\s*\[([^\]]*)\]/.exec(text)?.[1], value)
      }
    },
  },
  {
    id: 'REST-17',
    reference: 'mlserver §24.17',
    title: 'flat and nested data are equal; a wrong count is 400',
    deviation: "A wrong count is the client's mistake: 400; MLServer answers 500.",
    run: async ({ rest }, see) => {
      const ask = (data: unknown) =>
        rest.post(SUM_INFER, { inputs: [{ name: 'a', shape: [2, 2], datatype: 'INT32', data }] })
      see.same('flat', outputData(await ask([1, 2, 3, 4])), [3, 7])
      see.same(
        'nested',
        outputData(
          await ask([
            [1, 2],
            [3, 4],
          ]),
        ),
        [3, 7],
      )
      see.same('too few', (await ask([1, 2, 3])).status, 400)
      const range = [{ name: 'a', shape: [1], datatype: 'INT8', data: [300] }]
      see.same('300 as INT8', (await rest.post(SUM_INFER, { inputs: range })).status, 400)
    },
  },
  {
    id: 'REST-17b',
    reference: 'mlserver §2.5, §22.4',
    title: "a model's error: declared 400 with its text and nothing of its class, any other 500 as JSON",
    deviation:
      'Errors are JSON always, without names of classes; the text of an unforeseen error stays in the log, since it may hold what no client may see.',
    run: async ({ rest }, see) => {
      const ask = (parameters: object) =>
        rest.post('/v2/models/error-model/infer', { ...SUM_REQUEST, parameters })
      const declared = await ask({})
      see.same('declared', [declared.status, errorOf(declared)], [400, 'something really bad happened'])
      const plain = await ask({ kind: 'plain' })
      see.same('any other', [plain.status, typeof errorOf(plain)], [500, 'string'])
      see.that('no class path', !/builtins|mlserver\.errors/.test(plain.text))
    },
  },
]
