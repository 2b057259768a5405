import { ServingError } from '../errors/index.ts'
import { describeValue } from '../tensor/index.ts'

/** A mistake of the model, not of the client: `Model sum returned nothing; …`. */
export function modelDefect(modelName: string, what: string, cause?: unknown): ServingError {
  return new ServingError('INTERNAL', `Model ${modelName} ${what}`, { cause })
}

/**
 * Runs what reads a model's answer. All it finds wrong is the model's doing, so whatever it throws
 * becomes INTERNAL; the author's own code must not run inside.
 */
export function readAnswer<T>(modelName: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw modelDefect(modelName, `returned a wrong answer: ${reason}`, error)
  }
}

/** Authors forget the `*` of a generator; this says so. */
export function assertStream(modelName: string, responses: unknown): void {
  if (typeof responses === 'object' && responses !== null && Symbol.asyncIterator in responses) return
  throw modelDefect(
    modelName,
    `returned ${describeValue(responses)} from predictStream; expected an async iterable, as \`async *predictStream\` makes it`,
  )
}
