import { ServingError } from '../../errors/index.ts'
import type { InferenceRequest } from '../../model/index.ts'
import type { Parameters } from '../../tensor/index.ts'

/**
 * Whether an output goes as bytes behind the JSON part: as its own `binary_data` says, else as the
 * request's `binary_data_output` says, else not.
 */
export function isBinaryOutput(outputName: string, request: InferenceRequest): boolean {
  const requested = request.outputs?.find(output => output.name === outputName)
  return (
    (requested?.parameters?.['binary_data'] ?? request.parameters?.['binary_data_output'] ?? false) === true
  )
}

/**
 * Refuses a switch that is neither true nor false while the request is read: after the model has
 * run it would be too late.
 * @param owner how messages call what the parameter belongs to
 */
export function requireBoolean(parameters: Parameters | undefined, name: string, owner: string): void {
  const value = parameters?.[name] ?? null
  if (value === null || typeof value === 'boolean') return
  throw new ServingError('INVALID_ARGUMENT', `parameters.${name} of ${owner} must be true or false`)
}
