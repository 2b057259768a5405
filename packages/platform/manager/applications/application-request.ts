import { ServingError } from '@millrace/sdk'
import type { KafkaStreaming, StringMap } from '../../store/index.ts'

/** An application as a client asks for it. */
export interface ApplicationRequest {
  readonly name: string
  readonly namespace?: string | undefined
  /** `undefined` leaves an update what was there. */
  readonly metadata?: StringMap | undefined
  readonly kafkaStreaming: readonly KafkaStreaming[]
  /** Variants by stage. */
  readonly stages: readonly (readonly VariantRequest[])[]
}

export interface VariantRequest {
  readonly modelVersionId: number
  readonly weight: number
  readonly deploymentConfiguration?: string | undefined
}

const NAME = /^[a-zA-Z\-_\d]+$/
const NAME_LENGTH_MAX = 128
const STAGES_MAX = 50
const VARIANTS_MAX = 50

/**
 * Checks what can be checked without looking anything up.
 * @throws ServingError INVALID_ARGUMENT
 */
export function checkRequest({ name, stages }: ApplicationRequest): void {
  if (!NAME.test(name)) {
    refuse(
      `Application name ${name.slice(0, NAME_LENGTH_MAX)} contains invalid symbols. It should only contain latin letters, numbers '-' and '_'`,
    )
  }
  if (name.length > NAME_LENGTH_MAX) {
    refuse(`Application name has ${name.length} characters; allowed are ${NAME_LENGTH_MAX}`)
  }
  checkCount(stages.length, STAGES_MAX, 'executionGraph.stages')
  for (const [index, variants] of stages.entries()) {
    checkCount(variants.length, VARIANTS_MAX, `executionGraph.stages[${index}].modelVariants`)
  }
}

/**
 * The weights that are kept: a single variant has all.
 * @throws ServingError INVALID_ARGUMENT for weights of a stage that are no shares of 100
 */
export function settleWeights(
  stages: readonly (readonly VariantRequest[])[],
): readonly (readonly VariantRequest[])[] {
  const [first] = stages
  if (first?.length === 1 && stages.length === 1) return [first.map(variant => ({ ...variant, weight: 100 }))]
  for (const [stage, variants] of stages.entries()) {
    for (const [index, { weight }] of variants.entries()) {
      if (!Number.isSafeInteger(weight) || weight < 0) {
        refuse(
          `executionGraph.stages[${stage}].modelVariants[${index}].weight: ${weight} is not an integer from 0 to 100`,
        )
      }
    }
    const sum = variants.reduce((sum, { weight }) => sum + weight, 0)
    if (sum !== 100) refuse(`Sum of weights must equal 100. Current sum: ${sum}`)
  }
  return stages
}

function checkCount(count: number, max: number, path: string): void {
  if (count < 1 || count > max) refuse(`${path}: ${count} items; allowed are 1 to ${max}`)
}

function refuse(message: string): never {
  throw new ServingError('INVALID_ARGUMENT', message)
}
