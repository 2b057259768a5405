import { ServingError } from '@millrace/sdk'
import { GatewayFailure } from './gateway-failure.ts'

/** Why nobody waits any more: a deadline that passed, or a client that left. */
export function withdrawal({ reason }: AbortSignal): ServingError {
  if (!ServingError.is(reason)) {
    return new ServingError('CANCELLED', 'the call was withdrawn', { cause: reason })
  }
  const { code, message } = reason
  return code === 'CANCELLED'
    ? reason
    : new GatewayFailure('InternalUncaught', code, message, { cause: reason })
}
