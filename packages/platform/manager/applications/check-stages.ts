import { ServingError } from '@millrace/sdk'
import type { OwnedSignature } from './merge-signatures.ts'
import { mergeField } from './merge-signatures.ts'

/**
 * Each stage gets the outputs of the one before, and nothing else: they must hold what it takes.
 * @throws ServingError INVALID_ARGUMENT naming the stages, counted from 1, and the fields
 */
export function checkNeighbours(stages: readonly OwnedSignature[]): void {
  const problems: string[] = []
  for (const [index, { owner, signature }] of stages.entries()) {
    const before = stages[index - 1]
    if (before === undefined) continue
    const giver = `stage ${index} (${before.owner})`
    const taker = `stage ${index + 1} (${owner})`
    for (const input of signature.inputs) {
      const output = before.signature.outputs.find(({ name }) => name === input.name)
      if (output === undefined) {
        problems.push(`${taker} takes '${input.name}', which ${giver} does not give`)
        continue
      }
      const both = mergeField(output, input)
      if (typeof both === 'string') {
        problems.push(`'${input.name}' of ${giver} does not fit ${taker}: ${both}`)
      }
    }
  }
  if (problems.length === 0) return
  throw new ServingError('INVALID_ARGUMENT', `The stages do not fit: ${problems.join('; ')}`)
}
