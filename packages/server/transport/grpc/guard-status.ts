import type { GrpcStatus } from './grpc-types.ts'

const INTERNAL = 13

/**
 * Guards the function that knows the statuses: a call must end even when that function has a
 * defect, or gives a failure the code of success.
 */
export function guardStatus(toStatus: (error: unknown) => GrpcStatus): (error: unknown) => GrpcStatus {
  return error => {
    try {
      const status = toStatus(error)
      if (Number.isInteger(status.code) && status.code > 0) return status
    } catch {
      // Falls through: there is nobody to tell but the client.
    }
    return { code: INTERNAL, message: 'the server failed, and failed to say how' }
  }
}
