/**
 * Every code a {@link ServingError} can carry. Named as in gRPC
 * (https://grpc.io/docs/guides/status-codes/); each protocol maps them in one table of its own.
 */
export const ERROR_CODES = [
  /** The request is wrong and will stay wrong however often it is sent. */
  'INVALID_ARGUMENT',
  /** A value is outside what can be answered or converted; Hydrosphere's runtimes say it of their own outputs too. */
  'OUT_OF_RANGE',
  /** The model, version or route does not exist. */
  'NOT_FOUND',
  /** The thing to be made is there already. */
  'ALREADY_EXISTS',
  /** The request is right, but the state of the server forbids it. */
  'FAILED_PRECONDITION',
  /** The caller did not say who it is. */
  'UNAUTHENTICATED',
  /** The caller may not do this. */
  'PERMISSION_DENIED',
  /** A limit was reached: size, rate or concurrency. */
  'RESOURCE_EXHAUSTED',
  /** Not ready yet, or stopping; the same request may succeed later. */
  'UNAVAILABLE',
  /** The deadline passed before an answer was there. */
  'DEADLINE_EXCEEDED',
  /** The client went away or withdrew the request. */
  'CANCELLED',
  /** The server knows what is asked for and does not offer it. */
  'UNIMPLEMENTED',
  /** A defect in the model or the server. */
  'INTERNAL',
  /** Whoever was asked failed, and did not say how. */
  'UNKNOWN',
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]
