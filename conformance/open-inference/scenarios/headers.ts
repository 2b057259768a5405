import { type Scenario, tensor } from './scenario.ts'

const X = tensor('x', 'INT32', [2], [1, 2])

/** What answers say in headers, or trailing metadata. */
export const HEADER_ROWS: readonly Scenario[] = [
  {
    title: 'an answer is described as an event',
    question: { model: 'echo', id: 'r1', inputs: [X] },
    answer: {
      outputs: [X],
      headers: {
        'ce-specversion': '0.3',
        'ce-type': 'io.seldon.serving.inference.response',
        'ce-modelid': 'echo',
        'ce-endpoint': 'echo',
        'ce-id': 'r1',
        'ce-requestid': 'r1',
      },
    },
  },
  {
    title: 'headers among the parameters of an answer are headers of it',
    question: { model: 'custom-endpoint', inputs: [X] },
    answer: { parameters: { kept: true }, outputs: [X], headers: { 'x-answer': '42' } },
  },
  {
    title: 'headers among the parameters of a request do not reach the model',
    question: { model: 'echo', parameters: { headers: 'forged', kept: true }, inputs: [X] },
    answer: { parameters: { kept: true }, outputs: [X] },
  },
]
