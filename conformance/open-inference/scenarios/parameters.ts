import { type Scenario, tensor } from './scenario.ts'

const X = tensor('x', 'INT32', [2], [1, 2])

/** Parameters that every form can carry. */
const PLAIN = {
  text: 'a "text" ä🦦',
  empty: '',
  yes: true,
  no: false,
  zero: 0,
  negative: -7,
  safe: Number.MAX_SAFE_INTEGER,
  float: 0.1,
  small: 1e-300,
  smallest: -(2n ** 63n),
  largest: 2n ** 63n - 1n,
  unsigned: 2n ** 64n - 1n,
}

/** What only JSON can carry. */
const STRUCTURED = { list: [1, 'two', [null]], object: { inner: { deep: true } }, nothing: null }

export const PARAMETER_ROWS: readonly Scenario[] = [
  {
    title: 'parameters of every kind reach the model and come back',
    question: { model: 'echo', parameters: PLAIN, inputs: [X] },
    answer: { parameters: PLAIN, outputs: [X] },
  },
  {
    title: 'parameters of an input reach the model and come back on the output',
    question: { model: 'echo', inputs: [{ ...X, parameters: PLAIN }] },
    answer: { outputs: [{ ...X, parameters: PLAIN }] },
  },
  {
    title: 'lists, objects and nulls in parameters',
    question: { model: 'echo', parameters: STRUCTURED, inputs: [X] },
    answer: { parameters: STRUCTURED, outputs: [X] },
  },
  {
    title: 'names of parameters that objects have themselves',
    question: {
      model: 'echo',
      parameters: { constructor: 'x', toString: 'y', hasOwnProperty: true },
      inputs: [X],
    },
    answer: { parameters: { constructor: 'x', toString: 'y', hasOwnProperty: true }, outputs: [X] },
  },
]
