import { type ServiceError, status } from '@grpc/grpc-js'

/** How a call ends that fails: a gRPC status. */
export class CallError extends Error {
  /** Such as `NOT_FOUND`. */
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** The status of whatever a call threw. */
export function callErrorOf(error: unknown): CallError {
  if (error instanceof CallError) return error
  const { code, details } = error as ServiceError
  if (typeof code === 'number') return new CallError(status[code], details)
  throw error
}
