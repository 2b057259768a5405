import { ServingError } from '@millrace/sdk'
import type { GrpcCall } from '../../transport/index.ts'

/**
 * What a caller is told in place of `error`. ModelMesh, whose requests name their model in metadata, takes some refusals for
 * "this model is not loaded here": it unloads the model, loads it again and repeats the request, up to eight times. While
 * the model is loaded nothing may look like that, whatever its author's code says. Every other caller gets the error as
 * it is.
 */
export function meshRefusal(error: unknown, { headers }: GrpcCall, isLoaded: () => boolean): unknown {
  if (headers['mm-model-id-bin'] === undefined && headers['mm-model-id'] === undefined) return error
  if (!ServingError.is(error) || !looksLikeLostModel(error) || !isLoaded()) return error
  const code = error.code === 'NOT_FOUND' ? 'FAILED_PRECONDITION' : error.code
  return new ServingError(code, `${error.message} (the model itself is loaded)`, { cause: error })
}

function looksLikeLostModel({ code, message }: ServingError): boolean {
  if (code === 'NOT_FOUND') return true
  if (code === 'INVALID_ARGUMENT') return message.startsWith('Model ') && message.endsWith(' not found')
  if (code !== 'UNAVAILABLE' || !message.startsWith('Request for unknown model')) return false
  return message.endsWith(' is not found') || message.endsWith(' has no available versions')
}
