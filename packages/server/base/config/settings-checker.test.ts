import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settingsChecker } from './checked-settings.ts'
import type { ObjectSchema } from './field-schema.ts'
import { fileSource } from './settings-source.ts'
import { variablesSource } from './variables-source.ts'

const schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    port: { type: 'integer', minimum: 0, maximum: 65_535 },
    wait: { type: 'number', minimum: 0.5 },
    debug: { type: 'boolean' },
    name: { type: 'string', minLength: 1, maxLength: 8 },
    path: { type: ['string', 'null'], pattern: '^/' },
    shape: { enum: ['auto', 'plain'] },
    tags: { type: 'array', items: { type: 'string' } },
    logging: { type: ['string', 'object', 'null'] },
    box: {
      type: ['object', 'null'],
      additionalProperties: false,
      properties: { width: { type: 'integer' }, sides: { type: 'array', items: { type: 'string' } } },
    },
    open: { type: 'object', additionalProperties: true, properties: { uri: { type: 'string' } } },
    inputs: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'datatype'],
        properties: {
          name: { type: 'string' },
          datatype: { enum: ['FP32', 'INT8'] },
          shape: { type: 'array', items: { type: 'integer' } },
        },
      },
    },
  },
} as const satisfies ObjectSchema

const check = settingsChecker(schema)
const fromFile = (values: Record<string, unknown>) => check([fileSource(values, 'x.json', '/models/x.json')])
const fromVariables = (variables: Record<string, string>) =>
  check([variablesSource(schema, variables, { prefixes: ['OWN_', 'APP_'], holder: 'environment' })])

test('reads text as pydantic does', () => {
  const cases: [variables: Record<string, string>, values: Record<string, unknown>][] = [
    [{ APP_PORT: ' 80 ' }, { port: 80 }],
    [{ APP_PORT: '+80' }, { port: 80 }],
    [{ APP_WAIT: '1e3' }, { wait: 1000 }],
    [{ APP_WAIT: '.5' }, { wait: 0.5 }],
    [{ APP_NAME: '1' }, { name: '1' }],
    [{ APP_TAGS: '["a","b"]' }, { tags: ['a', 'b'] }],
    [{ APP_TAGS: '[]' }, { tags: [] }],
    [{ APP_PATH: '' }, { path: null }],
    [{ APP_BOX: '' }, { box: null }],
    [{ APP_BOX: 'null' }, { box: null }],
    [{ APP_LOGGING: 'log.ini' }, { logging: 'log.ini' }],
    [{ APP_LOGGING: ' {"version": 1}' }, { logging: { version: 1 } }],
    [{ APP_LOGGING: '' }, { logging: null }],
    ...['true', 'TRUE', '1', 'yes', 'on', 't', 'y'].map((text): (typeof cases)[0] => [
      { APP_DEBUG: text },
      { debug: true },
    ]),
    ...['false', 'False', '0', 'no', 'off', 'f', 'n'].map((text): (typeof cases)[0] => [
      { APP_DEBUG: text },
      { debug: false },
    ]),
  ]
  for (const [variables, values] of cases) assert.deepEqual(fromVariables(variables).values, values)
})

test('takes the same liberties in files', () => {
  const { values } = fromFile({
    port: '80',
    debug: 1,
    path: '',
    inputs: [{ name: 'a', datatype: 'FP32', shape: ['3'] }],
  })
  assert.deepEqual(values, {
    port: 80,
    debug: true,
    path: null,
    inputs: [{ name: 'a', datatype: 'FP32', shape: [3] }],
  })
})

test('variables: any case, capitals first, stronger prefix first', () => {
  assert.deepEqual(fromVariables({ app_port: '1' }).values, { port: 1 })
  assert.deepEqual(fromVariables({ app_port: '1', APP_PORT: '2', App_Port: '3' }).values, { port: 2 })
  const { values, origins } = fromVariables({ APP_PORT: '2', own_port: '4' })
  assert.deepEqual(values, { port: 4 })
  assert.equal(origins.get('port')?.label, 'environment own_port')
})

test('variables of members fill what the variable of the object leaves out', () => {
  const { values, origins } = fromVariables({ APP_BOX: '{"width":1}', APP_WIDTH: '2', APP_SIDES: '["l"]' })
  assert.deepEqual(values, { box: { width: 1, sides: ['l'] } })
  assert.equal(origins.get('box.width')?.label, 'environment APP_BOX')
  assert.equal(origins.get('box.sides')?.label, 'environment APP_SIDES')
  assert.deepEqual(fromVariables({ APP_WIDTH: '2' }).values, { box: { width: 2 } })
  assert.equal(fromVariables({ APP_WIDTH: '2' }).origins.get('box')?.label, 'environment APP_WIDTH')
  assert.deepEqual(fromVariables({ APP_BOX: '', APP_WIDTH: '2' }).values, { box: null })
})

test('objects merge member by member, all else is taken whole', () => {
  const { values, origins } = check([
    fileSource({ open: { a: { x: 1 } }, tags: ['a'] }, 'one', 'one'),
    fileSource({ open: { a: { x: 2, y: 2 }, b: 2 }, tags: ['b', 'c'], port: 1 }, 'two', 'two'),
    fileSource({ open: { a: 3, c: 3 } }, 'three', 'three'),
  ])
  assert.deepEqual(values, { open: { a: { x: 1, y: 2 }, b: 2, c: 3 }, tags: ['a'], port: 1 })
  assert.equal(origins.get('open.a.y')?.label, 'two')
  assert.equal(origins.get('open.c')?.label, 'three')
})

test('what an object replaced does not come back', () => {
  const { values } = check([
    fileSource({ box: { width: 1 } }, 'one', 'one'),
    fileSource({ box: null }, 'two', 'two'),
    fileSource({ box: { sides: ['l'] } }, 'three', 'three'),
  ])
  assert.deepEqual(values, { box: { width: 1 } })
})

test('a name from Object.prototype is a name like any other', () => {
  const values = JSON.parse('{"open":{"__proto__":{"x":1},"constructor":2},"toString":3}') as Record<
    string,
    unknown
  >
  const checked = check([fileSource(values, 'x', 'x'), fileSource(values, 'y', 'y')])
  assert.deepEqual(JSON.stringify(checked.values), '{"open":{"__proto__":{"x":1},"constructor":2}}')
  assert.deepEqual(checked.warnings, ['x: toString is not a setting'])
  assert.equal(({} as { x?: number }).x, undefined)
})

test('says origin, field, value and what is allowed', () => {
  const cases: [values: Record<string, unknown>, message: string][] = [
    [{ port: 'a' }, 'port is "a"; allowed is a whole number from 0 to 65535'],
    [{ port: 65_536 }, 'port is 65536; allowed is a whole number from 0 to 65535'],
    [{ port: 1.5 }, 'port is 1.5; allowed is a whole number from 0 to 65535'],
    [{ port: '' }, 'port is ""; allowed is a whole number from 0 to 65535'],
    [{ port: null }, 'port is null; allowed is a whole number from 0 to 65535'],
    [{ port: [1, 2] }, 'port is a list of 2; allowed is a whole number from 0 to 65535'],
    [{ port: { a: 1 } }, 'port is an object; allowed is a whole number from 0 to 65535'],
    [{ wait: 0.1 }, 'wait is 0.1; allowed is a number of at least 0.5'],
    [{ wait: Number.POSITIVE_INFINITY }, 'wait is Infinity; allowed is a number of at least 0.5'],
    [{ debug: 'maybe' }, 'debug is "maybe"; allowed is true or false'],
    [{ debug: 2 }, 'debug is 2; allowed is true or false'],
    [{ name: '' }, 'name is ""; allowed is a text of 1 to 8 characters'],
    [{ name: 'x'.repeat(200) }, `name is "${'x'.repeat(99)}…; allowed is a text of 1 to 8 characters`],
    [{ name: 3 }, 'name is 3; allowed is a text of 1 to 8 characters; write it in quotes: "3"'],
    [{ path: 'metrics' }, 'path is "metrics"; allowed is a text that matches ^/ or null'],
    [{ shape: 'odd' }, 'shape is "odd"; allowed is one of auto, plain'],
    [{ tags: 'a' }, 'tags is "a"; allowed is a list'],
    [{ tags: ['a', 1] }, 'tags[1] is 1; allowed is a text; write it in quotes: "1"'],
    [{ box: { width: 'w' } }, 'box.width is "w"; allowed is a whole number'],
    [{ box: 1 }, 'box is 1; allowed is an object or null'],
    [
      { inputs: [{ name: 'a', datatype: 'FP99' }] },
      'inputs[0].datatype is "FP99"; allowed is one of FP32, INT8',
    ],
    [{ inputs: [{ name: 'a' }] }, 'inputs[0].datatype is missing; it must be one of FP32, INT8'],
    [
      { inputs: [{ name: 'a', datatype: 'FP32', shape: [1, 'x'] }] },
      'inputs[0].shape[1] is "x"; allowed is a whole number',
    ],
  ]
  for (const [values, message] of cases) {
    assert.throws(() => fromFile(values), { code: 'INVALID_ARGUMENT', message: `/models/x.json: ${message}` })
  }
})

test('a wrong variable is named, with the member it sets', () => {
  assert.throws(
    () => fromVariables({ app_port: 'x' }),
    /^ServingError: environment app_port: port is "x"; allowed/,
  )
  assert.throws(
    () => fromVariables({ APP_WIDTH: 'x' }),
    /^ServingError: environment APP_WIDTH: box\.width is "x"; allowed/,
  )
  assert.throws(() => fromVariables({ APP_TAGS: 'a,b' }), {
    code: 'INVALID_ARGUMENT',
    message: 'environment APP_TAGS, line 1, column 1: expected a value, found "a,b"',
  })
})

test('a wrong value that a stronger source replaces does no harm', () => {
  const variables = variablesSource(
    schema,
    { APP_PORT: 'tcp://10.0.0.1:80' },
    { prefixes: ['APP_'], holder: 'environment' },
  )
  assert.deepEqual(check([fileSource({ port: 80 }, 'x', 'x'), variables]).values, { port: 80 })
  assert.throws(() => check([variables]), { code: 'INVALID_ARGUMENT' })
})

test('unknown members are reported and left out; open objects keep them', () => {
  const { values, warnings } = fromFile({
    $schema: 'https://example.org',
    prot: 1,
    box: { widht: 1 },
    open: { anything: 1 },
    inputs: [{ name: 'a', datatype: 'INT8', dtype: 'x' }],
  })
  assert.deepEqual(values, { box: {}, open: { anything: 1 }, inputs: [{ name: 'a', datatype: 'INT8' }] })
  assert.deepEqual(warnings, [
    "/models/x.json: prot is not a setting; did you mean 'port'?",
    "/models/x.json: box.widht is not a setting; did you mean 'width'?",
    '/models/x.json: inputs[0].dtype is not a setting',
  ])
})

test('a variable that is a slip away from a known one is reported, others are not ours', () => {
  const { warnings } = variablesSource(
    schema,
    { APP_PROT: '1', APP_SOMETHING: '1', OTHER_PROT: '1' },
    { prefixes: ['APP_'], holder: 'environment' },
  )
  assert.deepEqual(warnings, ['environment APP_PROT is not a setting; did you mean APP_PORT?'])
})
