/** One request to both servers, and how the answers are held against each other. */
export interface Question {
  readonly title: string
  readonly path: string
  readonly method?: 'GET' | 'POST'
  readonly body?: unknown
  /** Whether the answers are compared whole, by their status alone, or as server-sent events. Default whole. */
  readonly compare?: 'status' | 'events'
}

const tensor = (
  name: string,
  datatype: string,
  data: unknown,
  others: Readonly<Record<string, unknown>> = {},
) => ({
  name,
  datatype,
  shape: [Array.isArray(data) ? data.length : 1],
  data,
  ...others,
})
const as = (contentType: string) => ({ parameters: { content_type: contentType } })
const ask = (title: string, model: string, inputs: readonly unknown[], others: object = {}): Question => ({
  title,
  path: `/v2/models/${model}/infer`,
  body: { id: 'r1', inputs, ...others },
})
const fail = (what: string, others: Partial<Question> = {}): Question => ({
  ...ask(`error: ${what}`, 'errors', [tensor(what, 'INT32', [1]), tensor('other', 'INT32', [1])]),
  ...others,
})

/** More than fits into the way for small tensors. */
const MANY = Array.from({ length: 5000 }, (_, index) => index / 4)

/** Everything that both are asked. */
export const QUESTIONS: readonly Question[] = [
  ask('sum of INT32', 'sum', [tensor('a', 'INT32', [1, 2, 3])]),
  ask('sum of several datatypes', 'sum', [tensor('a', 'FP32', [0.5, 2]), tensor('b', 'INT64', [7])]),
  ask('sum of a matrix', 'sum', [
    {
      name: 'a',
      datatype: 'FP64',
      shape: [2, 2],
      data: [
        [1, 2],
        [3, 4],
      ],
    },
  ]),
  ask('sum of UINT8 and BOOL', 'sum', [tensor('a', 'UINT8', [250, 5]), tensor('b', 'BOOL', [true, true])]),
  ask('sum of FP16', 'sum', [tensor('a', 'FP16', [0.25, 0.5])]),
  ask('sum with null', 'sum', [tensor('a', 'FP32', [1, null])]),
  ask('sum of INT64 beyond doubles', 'sum', [tensor('a', 'INT64', [4_611_686_018_427_387_904n])]),
  ask('sum of many', 'sum', [tensor('a', 'FP64', MANY)]),
  ask('many without a content type', 'codecs', [tensor('x', 'FP64', MANY)]),
  ask('many as np', 'codecs', [tensor('x', 'FP64', MANY, as('np'))]),
  ask('many as a frame', 'frames', [tensor('a', 'FP64', MANY)], as('pd')),
  ask('np', 'codecs', [tensor('x', 'FP32', [1.5, 2], as('np'))]),
  ask('np of text', 'codecs', [tensor('x', 'BYTES', ['one', 'two'], as('np'))]),
  ask('np of a matrix', 'codecs', [
    { name: 'x', datatype: 'INT8', shape: [2, 2], data: [1, 2, 3, 4], ...as('np') },
  ]),
  ask('str', 'codecs', [tensor('x', 'BYTES', ['ein', 'größer'], as('str'))]),
  ask('str of one text', 'codecs', [tensor('x', 'BYTES', 'alone', as('str'))]),
  ask('base64', 'codecs', [tensor('x', 'BYTES', ['UHl0aG9uIGlzIGZ1bg=='], as('base64'))]),
  ask('datetime', 'codecs', [tensor('x', 'BYTES', ['2021-08-24T15:01:19-04:00'], as('datetime'))]),
  ask('the content type that the settings declare', 'codecs', [tensor('declared', 'BYTES', ['yes'])]),
  ask('no content type', 'codecs', [tensor('x', 'INT32', [1])]),
  ask('an unknown content type', 'codecs', [tensor('x', 'INT32', [1], as('nobody-knows'))]),
  ask('decode_args', 'args', [
    tensor('numbers', 'INT32', [1, 2]),
    tensor('words', 'BYTES', ['a']),
    tensor('more', 'BYTES', ['b']),
  ]),
  ask('decode_args without an optional argument', 'args', [
    tensor('numbers', 'FP64', [1]),
    tensor('words', 'BYTES', ['a']),
  ]),
  ask('decode_args with an input too many', 'args', [
    tensor('numbers', 'FP64', [1]),
    tensor('words', 'BYTES', ['a']),
    tensor('baz', 'BYTES', ['b']),
  ]),
  {
    ...ask('decode_args with an argument missing', 'args', [tensor('words', 'BYTES', ['a'])]),
    compare: 'status',
  },
  ask('strings', 'strings', [tensor('x', 'BYTES', ['abc', 'héllo'])]),
  ask('strings of two tensors', 'strings', [tensor('x', 'BYTES', ['a']), tensor('y', 'BYTES', ['b'])]),
  ask(
    'a frame of numbers',
    'frames',
    [tensor('a', 'INT64', [1, 2]), tensor('b', 'FP64', [0.5, 1.5])],
    as('pd'),
  ),
  ask('a frame of numbers and text', 'frames', [
    tensor('a', 'INT32', [1, 2]),
    tensor('t', 'BYTES', ['x', 'yyy'], as('str')),
  ]),
  ask('a frame of JSON', 'frames', [tensor('j', 'BYTES', ['{"k":1}', '[1,2,3]'], as('pd_json'))]),
  ask(
    'a request as it is',
    'raw',
    [
      tensor('x', 'INT32', [1, 2], { parameters: { own: [1, { k: 'v' }] } }),
      tensor('t', 'BYTES', ['a', 'ü']),
    ],
    {
      parameters: { extra_parameter: { nested: true } },
      outputs: ['told', 'nested', 'null', 'flags', 'large'].map(name => ({ name })),
    },
  ),
  {
    title: 'a stream of words',
    path: '/v2/models/words/infer_stream',
    body: { id: 's1', inputs: [tensor('text', 'BYTES', ['one two three four five six'])] },
    compare: 'events',
  },
  {
    ...ask('predict of a model that only streams', 'words', [tensor('text', 'BYTES', ['a'])]),
    compare: 'status',
  },
  fail('declared'),
  fail('teapot'),
  fail('unavailable'),
  fail('not found'),
  fail('inference'),
  fail('codec'),
  fail('no codec'),
  // MLServer says nothing of these but its status.
  fail('not declared', { compare: 'status' }),
  { title: 'route with a body', path: '/total', body: [1, 2, 3, 4] },
  { title: 'route with path and query', path: '/greet/you?times=2&loud=true', method: 'GET' },
  { title: 'route with defaults', path: '/greet/you', method: 'GET' },
  { title: 'route with a wrong query', path: '/greet/you?times=many', method: 'GET', compare: 'status' },
  { title: 'route with a wrong body', path: '/total', body: { no: 'list' }, compare: 'status' },
  { title: 'metadata of a model', path: '/v2/models/codecs', method: 'GET' },
]
