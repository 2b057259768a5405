import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, suite, test } from 'node:test'
import { openSocket, readToEnd } from './forms/raw-http.ts'
import { bodyOf, readRefusal } from './forms/rest.ts'
import { answersStill } from './good-request.ts'
import { openTarget, type Target } from './target.ts'

let target: Target
before(async () => {
  target = await openTarget()
})
after(() => target.close())

const INPUT = { name: 'x', shape: [1], datatype: 'INT32', data: [1] }
const NUL_IN_TEXT = Buffer.from([...Buffer.from('{"inputs":[],"id":"'), 0xff, 0xfe, ...Buffer.from('"}')])

interface BodyRow {
  readonly title: string
  readonly body: string | Buffer | object
  readonly status: 400 | 422
  readonly message: RegExp
  /** Where MLServer's clients find the first violation. */
  readonly loc?: readonly (string | number)[]
}

/** Bodies that no other form can send. */
const ROWS: readonly BodyRow[] = [
  { title: 'no body', body: '', status: 422, message: /the request body: Field required/, loc: ['body'] },
  { title: 'no JSON', body: 'hello', status: 422, message: /not valid JSON/, loc: ['body', 0] },
  {
    title: 'half of a JSON',
    body: '{"inputs":[',
    status: 422,
    message: /not valid JSON.*end/,
    loc: ['body', 11],
  },
  {
    title: 'two JSON texts',
    body: '{"inputs":[]}{}',
    status: 422,
    message: /something follows the value/,
    loc: ['body', 13],
  },
  {
    title: 'bytes that are not UTF-8',
    body: NUL_IN_TEXT,
    status: 422,
    message: /the text is not UTF-8/,
    loc: ['body', 19],
  },
  { title: 'an array', body: '[]', status: 422, message: /valid dictionary or object/, loc: ['body'] },
  { title: 'a number', body: '5', status: 422, message: /valid dictionary or object/, loc: ['body'] },
  {
    title: 'NaN, which JSON does not have',
    body: '{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[NaN]}]}',
    status: 422,
    message: /not valid JSON/,
  },
  { title: 'no inputs', body: {}, status: 422, message: /inputs: Field required/, loc: ['body', 'inputs'] },
  {
    title: 'inputs that are no list',
    body: { inputs: {} },
    status: 422,
    message: /inputs: Input should be a valid list/,
    loc: ['body', 'inputs'],
  },
  {
    title: 'an input that is no object',
    body: { inputs: [5] },
    status: 422,
    message: /inputs\[0\]: .*object/,
    loc: ['body', 'inputs', 0],
  },
  ...(['name', 'shape', 'datatype', 'data'] as const).map(
    (member): BodyRow => ({
      title: `an input without ${member}`,
      body: { inputs: [{ ...INPUT, [member]: undefined }] },
      status: 422,
      message: new RegExp(`inputs\\[0\\]\\.${member}: Field required`),
      loc: ['body', 'inputs', 0, member],
    }),
  ),
  {
    title: 'an id that is a number',
    body: { id: 7, inputs: [] },
    status: 422,
    message: /id: Input should be a valid string/,
    loc: ['body', 'id'],
  },
  {
    title: 'a shape that is a text',
    body: { inputs: [{ ...INPUT, shape: 'x' }] },
    status: 422,
    message: /inputs\[0\]\.shape/,
    loc: ['body', 'inputs', 0, 'shape'],
  },
  {
    title: 'a shape with a fraction',
    body: { inputs: [{ ...INPUT, shape: [1.5] }] },
    status: 422,
    message: /inputs\[0\]\.shape\[0\]: .*integer/,
  },
  {
    title: 'a number in quotes that JSON would round',
    body: '{"inputs":[{"name":"x","shape":[1],"datatype":"INT64","data":["1"]}]}',
    status: 400,
    message: /tensor 'x', element 0: "1"/,
  },
  {
    title: 'an integer beyond 64 bits',
    body: '{"inputs":[{"name":"x","shape":[1],"datatype":"UINT64","data":[18446744073709551616]}]}',
    status: 400,
    message: /tensor 'x', element 0: 18446744073709551616 is not .*18446744073709551615/,
  },
  {
    title: 'a number that is infinite in its datatype',
    body: '{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1e39]}]}',
    status: 400,
    message: /tensor 'x', element 0: 1e\+39/,
  },
  {
    title: 'BF16, which JSON numbers cannot carry',
    body: { inputs: [{ ...INPUT, datatype: 'BF16' }] },
    status: 400,
    message: /BF16.*binary/,
  },
  {
    title: 'null for an integer',
    body: { inputs: [{ ...INPUT, data: [null] }] },
    status: 400,
    message: /tensor 'x', element 0: null/,
  },
  {
    title: 'binary_data_size without bytes',
    body: { inputs: [{ name: 'x', shape: [1], datatype: 'INT8', parameters: { binary_data_size: 1 } }] },
    status: 400,
    message: /input 'x' has parameters.binary_data_size.*Inference-Header-Content-Length/,
  },
  {
    title: 'parameters that are no object',
    body: { parameters: 5, inputs: [] },
    status: 422,
    message: /parameters: /,
    loc: ['body', 'parameters'],
  },
  {
    title: 'requested outputs without names',
    body: { inputs: [], outputs: [{}] },
    status: 422,
    message: /outputs\[0\]\.name: Field required/,
    loc: ['body', 'outputs', 0, 'name'],
  },
  {
    title: 'nesting beyond the limit',
    body: `{"inputs":${'['.repeat(200)}${']'.repeat(200)}}`,
    status: 422,
    message: /nested deeper than 100 levels/,
  },
  {
    title: 'nesting in data beyond the limit',
    body: `{"inputs":[{"name":"x","shape":[1],"datatype":"INT8","data":${'['.repeat(200)}1${']'.repeat(200)}}]}`,
    status: 422,
    message: /nested deeper than 100 levels/,
  },
  {
    title: 'nesting in an unknown member beyond the limit',
    body: `{"inputs":[],"more":${'{"a":'.repeat(200)}1${'}'.repeat(200)}}`,
    status: 422,
    message: /nested deeper than 100 levels/,
  },
  {
    title: '10 MB of opening brackets',
    body: '['.repeat(10 * 1024 * 1024),
    status: 422,
    message: /nested deeper than 100 levels/,
  },
]

function infer(body: string | Buffer | object, headers: Record<string, string> = {}): Promise<Response> {
  const isText = typeof body === 'string' || Buffer.isBuffer(body)
  return fetch(new URL('/v2/models/echo/infer', target.rest), {
    method: 'POST',
    headers,
    body: isText ? body : JSON.stringify(body),
  })
}

suite('bodies that are no request', () => {
  for (const { title, body, status, message, loc } of ROWS) {
    test(title, async () => {
      const response = await infer(body)
      const bytes = await bodyOf(response)
      const refusal = readRefusal(response, bytes)
      assert.match(refusal.message, message)
      assert.equal(refusal.status, status)
      if (loc !== undefined) {
        const { detail } = JSON.parse(bytes.toString()) as {
          detail: { loc: unknown; msg: unknown; type: unknown }[]
        }
        assert.deepEqual(detail[0]?.loc, loc)
        assert.equal(typeof detail[0].msg, 'string')
        assert.equal(typeof detail[0].type, 'string')
      }
      await answersStill(target.forms[0]!)
    })
  }

  test('a bad body for an unknown model is told as a bad body', async () => {
    const response = await fetch(new URL('/v2/models/none/infer', target.rest), {
      method: 'POST',
      body: '{}',
    })
    assert.equal(readRefusal(response, await bodyOf(response)).status, 422)
  })

  test('every mistake of a body is told at once', async () => {
    const response = await infer({ id: 1, inputs: [{ name: 5, shape: [1], datatype: 'INT322', data: [1] }] })
    const { detail } = (await response.json()) as { detail: { loc: unknown }[] }
    assert.deepEqual(
      detail.map(({ loc }) => loc),
      [
        ['body', 'id'],
        ['body', 'inputs', 0, 'name'],
        ['body', 'inputs', 0, 'datatype'],
      ],
    )
  })
})

suite('bodies that are a request after all', () => {
  const cases: Readonly<Record<string, string>> = {
    'unknown members are ignored':
      '{"hello":[{}],"inputs":[{"name":"x","more":null,"shape":[1],"datatype":"INT32","data":[1]}]}',
    'members in any order': '{"inputs":[{"data":[1],"datatype":"INT32","shape":[1],"name":"x"}],"id":"a"}',
    'white space anywhere':
      ' {\n"inputs"\t:\r[ { "name" : "x" , "shape":[ 1 ],"datatype":"INT32","data":[ 1 ] } ] } ',
    'a bare scalar': '{"inputs":[{"name":"x","shape":[1],"datatype":"INT32","data":1}]}',
    'integers with a point': '{"inputs":[{"name":"x","shape":[1.0],"datatype":"INT32","data":[1.0]}]}',
    'escapes in names': '{"\\u0069nputs":[{"name":"\\u0078","shape":[1],"datatype":"INT32","data":[1]}]}',
    'nulls where members may be absent':
      '{"id":null,"parameters":null,"outputs":null,"inputs":[{"name":"x","shape":[1],"datatype":"INT32","parameters":null,"data":[1]}]}',
  }
  for (const [title, body] of Object.entries(cases)) {
    test(title, async () => {
      const response = await infer(body)
      assert.equal(response.status, 200, await response.clone().text())
      const { outputs } = (await response.json()) as { outputs: unknown }
      assert.deepEqual(
        outputs,
        [INPUT].map(({ name, shape, datatype, data }) => ({ name, shape, datatype, data })),
      )
    })
  }

  for (const type of [
    'application/json',
    'application/vnd.api+json',
    'text/plain',
    'application/x-www-form-urlencoded',
  ]) {
    test(`content type ${type}`, async () => {
      const response = await infer({ inputs: [INPUT] }, { 'content-type': type })
      assert.equal(response.status, 200)
    })
  }
})

suite('requests that are cut short', () => {
  const head = 'POST /v2/models/echo/infer HTTP/1.1\r\nHost: test\r\n'

  test('half a body, then nothing more', async () => {
    const socket = await openSocket(target.rest)
    socket.end(`${head}Content-Length: 100\r\n\r\n{"inputs":[`)
    // The client has said that nothing follows, so there is nobody to answer.
    await readToEnd(socket)
    await answersStill(target.forms[0]!)
  })

  test('half a head, then the connection breaks', async () => {
    const socket = await openSocket(target.rest)
    socket.write('POST /v2/models/echo/in')
    socket.resetAndDestroy()
    await once(socket, 'close')
    await answersStill(target.forms[0]!)
  })

  test('what is no HTTP', async () => {
    const socket = await openSocket(target.rest)
    socket.write('\x00\x01\x02 hello\r\n\r\n')
    const { status, text } = await readToEnd(socket)
    assert.equal(status, 400)
    assert.match(text, /\r\n\r\n\{"error":"malformed HTTP/)
    await answersStill(target.forms[0]!)
  })

  test('a chunk size that is none', async () => {
    const socket = await openSocket(target.rest)
    socket.write(`${head}Transfer-Encoding: chunked\r\n\r\nxyz\r\n`)
    assert.equal((await readToEnd(socket)).status, 400)
    await answersStill(target.forms[0]!)
  })
})
