import type { ServiceError } from '@grpc/grpc-js'
import { ServingError } from '../errors/index.ts'
import { statusRefusal } from './grpc/index.ts'

/** Turns what a stream ended with into an error with the server's own text. */
export function grpcRefusal(error: unknown): ServingError {
  if (!isServiceError(error))
    return ServingError.from(error, 'the call failed for a reason that is not known')
  const pushback = error.metadata?.get('grpc-retry-pushback-ms')[0]?.toString()
  return statusRefusal(error.code, error.details, pushback, error)
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'details' in error && 'code' in error && typeof error.code === 'number'
}
