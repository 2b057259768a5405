import type { FormName, Question } from '../forms/form.ts'
import type { Parameters, TensorValue } from '../forms/tensor-value.ts'

/** How one kind of refusal is told over either protocol. */
export interface RefusalKind {
  /** HTTP status. */
  readonly rest: number
  /** Name of the gRPC status. */
  readonly grpc: string
}

/** What an answer must be; its id is always checked. */
export interface ExpectedAnswer {
  readonly version?: string
  readonly parameters?: Parameters
  readonly outputs: readonly TensorValue[]
  /** Headers that must be there. */
  readonly headers?: Readonly<Record<string, string>>
}

export interface ExpectedRefusal extends RefusalKind {
  /** Must be found in the message over every form. */
  readonly message: RegExp
  /** Must not be found in it. */
  readonly secret?: RegExp
}

/** One row: a question, and the same answer or refusal in every form that can ask it. */
export interface Scenario {
  readonly title: string
  readonly question: Question
  readonly answer?: ExpectedAnswer
  readonly refusal?: ExpectedRefusal
  /** Forms that cannot express this row, and why; what a form objects to itself need not be here. */
  readonly inexpressible?: Readonly<Partial<Record<FormName, string>>>
}

export const INVALID: RefusalKind = { rest: 400, grpc: 'INVALID_ARGUMENT' }
/** The body does not have the form of a request: MLServer's status on REST. */
export const BREAKS_SCHEMA: RefusalKind = { rest: 422, grpc: 'INVALID_ARGUMENT' }
export const UNKNOWN: RefusalKind = { rest: 404, grpc: 'NOT_FOUND' }
export const DEFECT: RefusalKind = { rest: 500, grpc: 'INTERNAL' }

/** A row for the model `echo`: what goes in comes back. */
export function echoes(title: string, ...inputs: readonly TensorValue[]): Scenario {
  return { title, question: { model: 'echo', inputs }, answer: { outputs: inputs } }
}

export function tensor(
  name: string,
  datatype: string,
  shape: readonly number[],
  data: TensorValue['data'],
): TensorValue {
  return { name, datatype, shape, data }
}

/** A text as a tensor of one element. */
export function text(name: string, value: string): TensorValue {
  return tensor(name, 'BYTES', [1], [value])
}
