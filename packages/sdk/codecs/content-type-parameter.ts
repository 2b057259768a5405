import { ServingError } from '../errors/index.ts'
import { describeValue, type Parameters } from '../tensor/index.ts'

/**
 * What a client says about the meaning of a tensor or a message; `undefined` if it says nothing.
 * @param owner how messages call what carries the parameter: `input 'x'`
 * @throws ServingError INVALID_ARGUMENT for a content type that is no text
 */
export function contentTypeParameter(parameters: Parameters | undefined, owner: string): string | undefined {
  const given = parameters?.['content_type'] ?? undefined
  if (given === undefined || typeof given === 'string') return given
  throw new ServingError(
    'INVALID_ARGUMENT',
    `${owner} has the content type ${describeValue(given)}; expected text`,
  )
}
