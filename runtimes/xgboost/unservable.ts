import { ServingError } from '@millrace/sdk'

/** The error of a file that cannot become a model, with the place in it. */
export function unservable(file: string, what: string, cause?: unknown): ServingError {
  return new ServingError('FAILED_PRECONDITION', `'${file}' cannot be served: ${what}`, { cause })
}
