import { ServingError } from '../errors/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { RequestedOutput } from './inference.ts'

/**
 * Checks the names a client asks for, before the model works for nothing.
 * @param known the declared outputs; `null` when any name may exist
 */
export function checkRequestedOutputs(
  requested: readonly RequestedOutput[],
  known: ReadonlySet<string> | null,
): void {
  const seen = new Set<string>()
  for (const { name } of requested) {
    if (known !== null && !known.has(name)) {
      throw invalid(`output '${name}' does not exist; the model has ${quoted(known)}`)
    }
    // A name of a few bytes, repeated, would multiply a tensor of megabytes.
    if (seen.has(name)) throw invalid(`output '${name}' is asked for twice`)
    seen.add(name)
  }
}

/** The outputs asked for, in the order asked for, because clients of raw gRPC contents match by position. */
export function selectOutputs(
  tensors: readonly Tensor[],
  requested: readonly RequestedOutput[] | undefined,
): readonly Tensor[] {
  if (requested === undefined || requested.length === 0) return tensors
  return requested.map(({ name }) => {
    const tensor = tensors.find(candidate => candidate.name === name)
    if (tensor !== undefined) return tensor
    const names = quoted(tensors.map(candidate => candidate.name))
    throw invalid(`output '${name}' does not exist; the model answered with ${names || 'no outputs'}`)
  })
}

function quoted(names: Iterable<string>): string {
  return Array.from(names, name => `'${name}'`).join(', ')
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
