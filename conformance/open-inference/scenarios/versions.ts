import { type Scenario, tensor, text, UNKNOWN } from './scenario.ts'

const X = tensor('input-0', 'INT32', [1, 3], [1, 2, 3])
const TOTAL = tensor('total', 'INT64', [1, 1], [6n])

export const VERSION_ROWS: readonly Scenario[] = [
  {
    title: 'the default version is the highest number, not the last text',
    question: { model: 'versions', inputs: [X] },
    answer: { version: '10', outputs: [text('version', '10')] },
  },
  {
    title: 'a request without inputs has no form, and is answered with typed contents',
    question: { model: 'versions', inputs: [] },
    answer: { version: '10', outputs: [text('version', '10')] },
    inexpressible: { 'gRPC raw': 'without inputs there are no raw contents' },
  },
  ...['2', '10'].map(
    (version): Scenario => ({
      title: `version ${version} when asked for`,
      question: { model: 'versions', version, inputs: [X] },
      answer: { version, outputs: [text('version', version)] },
    }),
  ),
  {
    title: 'a version that is no number',
    question: { model: 'sum-model', version: 'v1.2.3', inputs: [X] },
    answer: { version: 'v1.2.3', outputs: [TOTAL] },
  },
  {
    title: 'an unknown version',
    question: { model: 'versions', version: '3', inputs: [X] },
    refusal: { ...UNKNOWN, message: /^Model versions with version 3 not found$/ },
  },
  {
    title: 'a version of a model without versions',
    question: { model: 'echo', version: '1', inputs: [X] },
    refusal: { ...UNKNOWN, message: /^Model echo with version 1 not found$/ },
  },
  {
    title: 'an unknown model',
    question: { model: 'my-model', inputs: [X] },
    refusal: { ...UNKNOWN, message: /^Model my-model not found$/ },
  },
  {
    title: 'an unknown model and version',
    question: { model: 'my-model', version: 'v0', inputs: [X] },
    refusal: { ...UNKNOWN, message: /^Model my-model with version v0 not found$/ },
  },
  {
    title: 'an unknown model with a space and a percent sign in its name',
    question: { model: 'my %20 model', inputs: [X] },
    refusal: { ...UNKNOWN, message: /^Model my %20 model not found$/ },
  },
  {
    title: 'a model named like a member of every object',
    question: { model: 'constructor', inputs: [X] },
    refusal: { ...UNKNOWN, message: /^Model constructor not found$/ },
  },
]
