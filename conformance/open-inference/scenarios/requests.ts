import { INVALID, type Scenario, tensor, text } from './scenario.ts'

const X = tensor('x', 'INT32', [2], [1, 2])
const Y = tensor('y', 'FP32', [1], [0.5])
/** What a contract with a content type adds to an output. */
const decoded = (value: string) => ({ ...text('label', value), parameters: { content_type: 'str' } })
const NUMBERS = tensor('numbers', 'INT32', [3], [1, 2, 3])

/** Everything of a request beside its tensors. */
export const REQUEST_ROWS: readonly Scenario[] = [
  ...['7', '', 'request-1/ä 🦦', 'x'.repeat(1000)].map(
    (id): Scenario => ({
      title: `the id ${JSON.stringify(id.slice(0, 20))} is echoed`,
      question: { model: 'echo', id, inputs: [X] },
      answer: { outputs: [X] },
    }),
  ),
  {
    title: 'without an id',
    question: { model: 'echo', inputs: [X] },
    answer: { outputs: [X] },
  },
  {
    title: 'requested outputs filter, in the order asked for',
    question: { model: 'echo', inputs: [X, Y, NUMBERS], outputs: [{ name: 'numbers' }, { name: 'x' }] },
    answer: { outputs: [NUMBERS, X] },
  },
  {
    title: 'an empty list of requested outputs means all',
    question: { model: 'echo', inputs: [X, Y], outputs: [] },
    answer: { outputs: [X, Y] },
  },
  {
    title: 'an unknown requested output of a model that declares its outputs',
    question: { model: 'contract', inputs: [NUMBERS], outputs: [{ name: 'totall' }] },
    refusal: { ...INVALID, message: /output 'totall' does not exist; the model has 'total', 'label'/ },
  },
  {
    title: 'an unknown requested output of a model that declares none',
    question: { model: 'echo', inputs: [X], outputs: [{ name: 'z' }] },
    refusal: { ...INVALID, message: /output 'z' does not exist; the model answered with 'x'/ },
  },
  {
    title: 'an output requested twice',
    question: { model: 'echo', inputs: [X], outputs: [{ name: 'x' }, { name: 'x' }] },
    refusal: { ...INVALID, message: /output 'x' is asked for twice/ },
  },
  {
    title: 'an optional input that is left out',
    question: { model: 'contract', inputs: [NUMBERS] },
    answer: { outputs: [tensor('total', 'INT64', [1], [6n]), decoded('none')] },
  },
  {
    title: 'an optional input that is given, before the other',
    question: { model: 'contract', inputs: [text('label', 'mine'), NUMBERS] },
    answer: { outputs: [tensor('total', 'INT64', [1], [6n]), decoded('mine')] },
  },
  {
    title: 'headers of the request reach the model, and its own come back',
    question: {
      model: 'headers',
      headers: { 'x-foo': 'bar', 'X-Upper': 'Case' },
      inputs: [tensor('set', 'BYTES', [1], ['X-Answer: 42'])],
    },
    answer: {
      outputs: [
        {
          ...tensor('seen', 'BYTES', [2], ['x-foo: bar', 'x-upper: Case']),
          parameters: { content_type: 'str' },
        },
      ],
      headers: { 'x-foo': 'bar', 'x-upper': 'Case', 'x-answer': '42' },
    },
  },
]
