import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { refusalOf } from './bed/gateway-calls.ts'
import { BUILT_IN, field, SCALE_CODE } from './bed/manager-calls.ts'
import { registerScripted, scripted, startBed } from './bed/up-bed.ts'

/** Seconds that a request may take, so that one can take too long here. */
const REQUEST_TIMEOUT_S = 2

const bed = await startBed({
  environment: {
    MILLRACE_REQUEST_TIMEOUT: String(REQUEST_TIMEOUT_S),
    // The original lets every page do everything; here somebody must have said so.
    MILLRACE_ALLOW_ORIGINS: '["*"]',
    MILLRACE_ALLOW_METHODS: '["*"]',
  },
})
after(() => bed.close())
await registerScripted(bed)

/** Every kind of input; tells what it was given. */
const INPUTS = {
  rows: { shape: [-1, 2], dtype: 'DOUBLE', value: [[1, 2]] },
  pair: { shape: [2], dtype: 'DOUBLE', value: [1, 2] },
  scalar: { shape: [], dtype: 'DOUBLE', value: 1 },
  any: { shape: null, dtype: 'DOUBLE', value: 1 },
  whole: { shape: [], dtype: 'INT32', value: 1 },
  small: { shape: [], dtype: 'UINT8', value: 1 },
  long: { shape: [], dtype: 'INT64', value: 1 },
  text: { shape: [], dtype: 'STRING', value: 'a' },
  flag: { shape: [], dtype: 'BOOL', value: true },
  half: { shape: [], dtype: 'HALF', value: 1.5 },
} as const
const TELLS = `export function predict(inputs) {
  const seen = Object.fromEntries(inputs.map(({ name, shape, data }) => [name, { shape, data: (data.toStrings?.() ?? [...data]).map(String) }]))
  return [{ name: 'seen', datatype: 'BYTES', shape: [], data: [JSON.stringify(seen)] }]
}`
/** Outputs of every kind. */
const GIVES = `export const predict = () => [
  { name: 'whole', datatype: 'INT32', shape: [], data: [7] },
  { name: 'long', datatype: 'INT64', shape: [], data: [9007199254740993n] },
  { name: 'huge', datatype: 'UINT64', shape: [], data: [18446744073709551615n] },
  { name: 'floats', datatype: 'FP64', shape: [3], data: [NaN, Infinity, 0.5] },
  { name: 'text', datatype: 'BYTES', shape: [], data: ['gr\\u00fc\\u00df'] },
  { name: 'grid', datatype: 'INT64', shape: [2, 3], data: [1n, 2n, 3n, 4n, 5n, 6n] },
  { name: 'flags', datatype: 'BOOL', shape: [2], data: [true, false] },
]`
/** Does what its input says. */
const MISBEHAVES = `export async function predict([{ data: [mode] }]) {
  const y = { name: 'y', datatype: 'FP32', shape: [2], data: [1, 2] }
  switch (Number(mode)) {
    case 1: return [{ ...y, datatype: 'FP64' }]
    case 2: return []
    case 3: return [y, { ...y, name: 'surplus' }]
    case 4: return [{ ...y, shape: [2, 7], data: Array(14).fill(0) }]
    case 5: throw { code: 13, details: "RuntimeError('boom')" }
    case 6: await new Promise(() => {})
    default: return [y]
  }
}`

const tells = scripted(
  'tells',
  TELLS,
  Object.entries(INPUTS).map(([name, { shape, dtype }]) => field(name, dtype, shape)),
  [field('seen', 'STRING', [])],
)
const gives = scripted(
  'gives',
  GIVES,
  [field('x', 'INT32', [])],
  [
    field('whole', 'INT32', []),
    field('long', 'INT64', []),
    field('huge', 'UINT64', []),
    field('floats', 'DOUBLE', [3]),
    field('text', 'STRING', []),
    field('grid', 'INT64', [2, 3]),
    field('flags', 'BOOL', [-1]),
  ],
)
const misbehaves = scripted(
  'misbehaves',
  MISBEHAVES,
  [field('mode', 'INT32', [])],
  [field('y', 'FLOAT', [2])],
)
const scaler = { name: 'scaler', files: { 'src/func_main.mjs': SCALE_CODE }, runtime: BUILT_IN }

const ids = new Map<string, number>()
for (const upload of [tells, gives, misbehaves, scaler]) {
  const { id } = await bed.release(upload)
  ids.set(upload.name, (await bed.ready(`${upload.name}-app`, [[[id, 100]]])).id)
}

const DEFAULTS = Object.fromEntries(Object.entries(INPUTS).map(([name, { value }]) => [name, value]))
const tell = (inputs: Readonly<Record<string, unknown>>) => bed.ask('tells-app', { ...DEFAULTS, ...inputs })
type Seen = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: readonly string[] }>>
const seenOf = async (inputs: Readonly<Record<string, unknown>>): Promise<Seen> => {
  const { status, json } = await tell(inputs)
  assert.equal(status, 200, JSON.stringify(json))
  return JSON.parse(json['seen'] as string) as Seen
}
const refusedFor = async (inputs: Readonly<Record<string, unknown>>): Promise<string> => {
  const { status, json } = await tell(inputs)
  assert.equal(status, 400, JSON.stringify(json))
  assert.equal(json['error'], 'BadRequest')
  return json['information'] as string
}

suite('what comes in as JSON', { concurrency: 1 }, () => {
  test("check 53: the specification's own example", async () => {
    assert.deepEqual(await bed.ask('scaler-app', { xs: [[1.5, 2]] }), { status: 200, json: { total: 3.5 } })
  })

  test('check 54: an application that is not known', async () => {
    assert.deepEqual(await bed.ask('nobody', { x: 1 }), {
      status: 404,
      json: { error: 'NotFound', information: "Can't find application with the name nobody" },
    })
    const { status, text } = await bed.call('POST', '/gateway/servable/nobody-1-a-b', {})
    assert.equal(status, 404)
    assert.match(text, /Can't find a servable with name nobody-1-a-b/)
  })

  test('check 55: a missing input is named, surplus ones are left out', async () => {
    assert.match((await bed.ask('scaler-app', {})).json['information'] as string, /Missing 'xs' field/)
    assert.deepEqual((await bed.ask('scaler-app', { xs: [[1, 2]], more: 'x' })).json, { total: 3 })
    assert.equal('more' in (await seenOf({ more: 1 })), false)
  })

  test('check 56: a text for a number is refused with field and type, unless it is one', async () => {
    const text = await refusedFor({ scalar: 'abc' })
    assert.match(text, /scalar/)
    assert.match(text, /DT_DOUBLE/)
    assert.deepEqual((await seenOf({ scalar: '1.5' }))['scalar']?.data, ['1.5'])
  })

  test('check 57: fractions and what is out of range are no integers', async () => {
    assert.match(await refusedFor({ whole: 1.5 }), /whole/)
    assert.match(await refusedFor({ small: 300 }), /small/)
    assert.match(await refusedFor({ flag: 'yes' }), /flag/)
    assert.deepEqual((await seenOf({ long: '9007199254740993' }))['long']?.data, ['9007199254740993'])
  })

  test('check 58: shapes follow from the signature and the values', async () => {
    const rows = await seenOf({
      rows: [
        [1, 2],
        [3, 4],
      ],
    })
    assert.deepEqual(rows['rows'], { shape: [2, 2], data: ['1', '2', '3', '4'] })
    assert.match(await refusedFor({ rows: [1, 2, 3] }), /rows/)
    assert.match(await refusedFor({ pair: [1, 2, 3, 4, 5] }), /pair/)
    assert.deepEqual((await seenOf({ scalar: [1] }))['scalar'], { shape: [], data: ['1'] })
  })

  test('check 59: any shape takes a bare value, and arrays with theirs', async () => {
    assert.deepEqual((await seenOf({ any: 2 }))['any'], { shape: [], data: ['2'] })
    assert.deepEqual((await seenOf({ any: [[1, 2, 3]] }))['any'], { shape: [1, 3], data: ['1', '2', '3'] })
  })

  test('check 64: a body that is no object is refused', async () => {
    for (const body of ['[1]', '1', '"a"', 'null', '{']) {
      const { status } = await bed.ask('scaler-app', body)
      assert.equal(status, 400, body)
    }
    const plain = await fetch(`${bed.up.url}/gateway/application/scaler-app`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'text/csv' },
    })
    assert.equal(plain.status, 415)
  })
})

suite('what goes out as JSON', { concurrency: 1 }, () => {
  test('check 60: numbers keep their digits, NaN is null, bytes are text, shapes are nested', async () => {
    const { status, text } = await bed.call('POST', '/gateway/application/gives-app', { x: 1 })
    assert.equal(status, 200, text)
    assert.match(text, /"whole":7\b/)
    assert.match(text, /"long":9007199254740993\b/)
    assert.match(text, /"huge":18446744073709551615\b/)
    const { floats, text: shown, grid, flags } = JSON.parse(text) as Readonly<Record<string, unknown>>
    assert.deepEqual(floats, [null, null, 0.5])
    assert.equal(shown, 'grüß')
    assert.deepEqual(grid, [
      [1, 2, 3],
      [4, 5, 6],
    ])
    assert.deepEqual(flags, [true, false])
  })

  test("checks 62, 63: a model that breaks its signature is told of, and it is not the client's fault", async () => {
    const violation = async (mode: number) => {
      const { status, json } = await bed.ask('misbehaves-app', { mode })
      assert.equal(json['error'], 'ContractViolationError')
      assert.ok(status === 500 || status === 502, String(status))
      return json['information'] as string
    }
    assert.match(await violation(1), /Expected DT_FLOAT data type for field y, got DT_DOUBLE/)
    assert.match(await violation(2), /Missing field y/)
    assert.match(await violation(4), /shape for field y/)
    assert.deepEqual(await bed.ask('misbehaves-app', { mode: 3 }), { status: 200, json: { y: [1, 2] } })
  })

  test('check 65: a runtime that throws, and one that takes too long', async () => {
    const thrown = await bed.ask('misbehaves-app', { mode: 5 })
    assert.equal(thrown.status, 500)
    assert.deepEqual(thrown.json, {
      error: 'InternalUncaught',
      information: "INTERNAL: RuntimeError('boom')",
    })
    const late = await bed.ask('misbehaves-app', { mode: 6 })
    assert.ok(late.status === 500 || late.status === 504, String(late.status))
    const input = { name: 'mode', datatype: 'INT32', shape: [], data: [6] } as const
    const { code } = await refusalOf(bed.gateway.predict('PredictApplication', 'misbehaves-app', [input]))
    assert.equal(code, 'DEADLINE_EXCEEDED')
    assert.equal((await bed.ask('misbehaves-app', { mode: 0 })).status, 200)
  })
})

suite('the other routes', { concurrency: 1 }, () => {
  test('check 74: by number, as in version 1, whatever the signature is called', async () => {
    const path = `/api/v1/applications/serve/${ids.get('scaler')}/anything`
    assert.deepEqual(await bed.ok('POST', path, { xs: [[1, 2]] }), { total: 3 })
  })

  test('check 75: health, build information, and leave for pages of other origins', async () => {
    assert.equal((await bed.call('GET', '/health')).status, 200)
    for (const path of ['/gateway/buildinfo', '/api/buildinfo']) {
      const info = await bed.ok<Readonly<Record<string, unknown>>>('GET', path)
      assert.equal(typeof info['version'], 'string', path)
    }
    for (const [path, method] of [
      ['/gateway/application/scaler-app', 'POST'],
      ['/api/v2/application/scaler-app', 'DELETE'],
    ] as const) {
      const preflight = await fetch(bed.up.url + path, {
        method: 'OPTIONS',
        headers: {
          origin: 'https://elsewhere.example',
          'access-control-request-method': method,
          'access-control-request-headers': 'content-type',
        },
      })
      assert.ok(preflight.ok, `${path}: ${preflight.status}`)
      assert.match(
        preflight.headers.get('access-control-allow-origin') ?? '',
        /^(?:\*|https:\/\/elsewhere\.example)$/,
      )
    }
  })
})
