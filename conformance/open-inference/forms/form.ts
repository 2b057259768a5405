import type { Parameters, TensorValue } from './tensor-value.ts'

/** The four ways in which the protocol lets a client ask for an inference. */
export const FORM_NAMES = ['REST JSON', 'REST binary', 'gRPC typed', 'gRPC raw'] as const

export type FormName = (typeof FORM_NAMES)[number]

/** One inference request in no form yet. */
export interface Question {
  readonly model: string
  readonly version?: string
  readonly id?: string
  readonly parameters?: Parameters
  readonly inputs: readonly TensorValue[]
  readonly outputs?: readonly { readonly name: string; readonly parameters?: Parameters }[]
  readonly headers?: Readonly<Record<string, string>>
}

/** What came back, in no form any more. */
export interface Answer {
  readonly model: string
  readonly version: string | undefined
  readonly id: string | undefined
  readonly parameters: Parameters
  readonly outputs: readonly TensorValue[]
  /** Headers, or trailing metadata; names in lower case. */
  readonly headers: Readonly<Record<string, string>>
}

/** An HTTP status, or the name of a gRPC status; and what the server said. */
export interface Refusal {
  readonly status: number | string
  readonly message: string
  readonly headers: Readonly<Record<string, string>>
}

export type Outcome = { readonly answer: Answer } | { readonly refusal: Refusal }

/** One way to ask, with a client that shares no code with the server. */
export interface Form {
  readonly name: FormName
  readonly protocol: 'rest' | 'grpc'
  /** Why a question cannot be asked in this form, if it cannot. */
  objection(question: Question): string | undefined
  ask(question: Question, signal?: AbortSignal): Promise<Outcome>
  /** What this form can say of a tensor: JSON writes null for NaN and the infinities. */
  asAnswered(tensor: TensorValue): TensorValue
}
