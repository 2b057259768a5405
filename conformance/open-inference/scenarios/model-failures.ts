import { DEFECT, type RefusalKind, type Scenario, tensor, text } from './scenario.ts'

/** How each code of ServingError is told over the two protocols. */
const STATUS_OF_CODE: Readonly<Record<string, RefusalKind>> = {
  INVALID_ARGUMENT: { rest: 400, grpc: 'INVALID_ARGUMENT' },
  FAILED_PRECONDITION: { rest: 400, grpc: 'FAILED_PRECONDITION' },
  UNAUTHENTICATED: { rest: 401, grpc: 'UNAUTHENTICATED' },
  PERMISSION_DENIED: { rest: 403, grpc: 'PERMISSION_DENIED' },
  NOT_FOUND: { rest: 404, grpc: 'NOT_FOUND' },
  ALREADY_EXISTS: { rest: 409, grpc: 'ALREADY_EXISTS' },
  RESOURCE_EXHAUSTED: { rest: 429, grpc: 'RESOURCE_EXHAUSTED' },
  CANCELLED: { rest: 499, grpc: 'CANCELLED' },
  INTERNAL: { rest: 500, grpc: 'INTERNAL' },
  UNIMPLEMENTED: { rest: 501, grpc: 'UNIMPLEMENTED' },
  UNAVAILABLE: { rest: 503, grpc: 'UNAVAILABLE' },
  DEADLINE_EXCEEDED: { rest: 504, grpc: 'DEADLINE_EXCEEDED' },
}

const X = tensor('x', 'INT32', [1], [1])

/** What models get wrong. Their own text is for the log; what they throw as a ServingError is for the client. */
export const MODEL_FAILURE_ROWS: readonly Scenario[] = [
  ...Object.entries(STATUS_OF_CODE).map(
    ([code, kind]): Scenario => ({
      title: `a model that throws a ServingError with ${code}`,
      question: { model: 'throws', inputs: [text('how', code)] },
      refusal: { ...kind, message: new RegExp(`^told to fail with ${code}$`) },
    }),
  ),
  {
    title: 'a model that chooses an HTTP status',
    question: { model: 'throws', inputs: [text('how', 'status')] },
    refusal: { rest: 418, grpc: 'FAILED_PRECONDITION', message: /^a teapot does not predict$/ },
  },
  ...['error', 'reject', 'text', 'nothing'].map(
    (how): Scenario => ({
      title: `a model that fails unexpectedly: ${how}`,
      question: { model: 'throws', inputs: [text('how', how)] },
      refusal: {
        ...DEFECT,
        message: /^Model throws failed unexpectedly; the server's log has the error$/,
        secret: /secret/,
      },
    }),
  ),
  {
    title: 'a model that returns nothing',
    question: { model: 'silent', inputs: [X] },
    refusal: { ...DEFECT, message: /^Model silent returned nothing; expected \{ outputs: \[\.\.\.\] \}$/ },
  },
  {
    title: 'a model that answers with another shape than it declares',
    question: { model: 'wrong-shape', inputs: [X] },
    refusal: {
      ...DEFECT,
      message: /^Model wrong-shape returned a wrong answer: output 'pair' has shape \[3\]; expected \[2\]$/,
    },
  },
  {
    title: 'a model that answers with a shape its data does not have',
    question: { model: 'wrong-shape', inputs: [text('x', 'disagree')] },
    refusal: {
      ...DEFECT,
      message:
        /^Model wrong-shape returned a wrong answer: tensor 'pair' has 3 elements; shape \[2\] needs exactly 2$/,
    },
  },
  {
    title: 'a model that answers with another name than it declares',
    question: { model: 'wrong-name', inputs: [X] },
    refusal: {
      ...DEFECT,
      message:
        /^Model wrong-name returned a wrong answer: unexpected output 'wrong'; the model declares 'right'$/,
    },
  },
  {
    title: 'a model that sets a header which cannot be sent',
    question: { model: 'headers', inputs: [tensor('set', 'BYTES', [1], ['x-broken: two\r\nlines'])] },
    refusal: { ...DEFECT, message: /x-broken/ },
  },
]
