import type { Tensor } from '@millrace/sdk'
import type { BackgroundCalls } from './background-calls.ts'
import type { RoutedApplication } from './discovery.ts'
import { GatewayFailure } from './gateway-failure.ts'
import type { GatewayLimits } from './gateway-limits.ts'
import { askServable, type ServableCall, type ServableTarget } from './servable-target.ts'
import { tensorBytes } from './tensor-bytes.ts'
import { compileChoice } from './variant-choice.ts'

/** An application as the routing table has it, ready to be asked. */
export interface ApplicationTarget {
  readonly application: RoutedApplication
  readonly stages: readonly StageTarget[]
}

interface StageTarget {
  readonly variants: readonly ServableTarget[]
  /** The index of the variant that answers, for a number from 0 up to 100; -1 for none. */
  readonly choose: (r: number) => number
}

/** @param variants of each stage, in the order of the application's own */
export function applicationTarget(
  application: RoutedApplication,
  variants: readonly (readonly ServableTarget[])[],
): ApplicationTarget {
  const stages = application.stages.map((stage, index) => ({
    variants: variants[index]!,
    choose: compileChoice(stage.variants.map(({ weight }) => weight)),
  }))
  return { application, stages }
}

/** What a pipeline needs besides the request. */
interface PipelineParts {
  /** From 0 up to, and without, 1. */
  readonly random: () => number
  readonly background: BackgroundCalls
  readonly limits: Pick<GatewayLimits, 'servableTimeoutMs' | 'backgroundTimeoutMs'>
}

/** A call of an application, before it is known which stage it is at. */
type ApplicationCall = Omit<ServableCall, 'application' | 'inputsBy'>

/**
 * Asks one stage after the other; each gets what the one before answered, and nothing else. Which variant of a stage
 * answers is drawn before any is asked. The others are asked at the same time, and nobody waits for them.
 * @throws GatewayFailure as the first variant that fails of those that answer
 */
export async function askApplication(
  target: ApplicationTarget,
  inputs: readonly Tensor[],
  call: ApplicationCall,
  parts: PipelineParts,
): Promise<readonly Tensor[]> {
  // Until the last stage has answered, whatever becomes of the routing table.
  const releases = target.stages.flatMap(({ variants }) => variants.map(({ pool }) => pool.hold()))
  try {
    return await askStages(target, inputs, call, parts)
  } finally {
    for (const release of releases) release()
  }
}

async function askStages(
  { application, stages }: ApplicationTarget,
  inputs: readonly Tensor[],
  call: ApplicationCall,
  { random, background, limits }: PipelineParts,
): Promise<readonly Tensor[]> {
  let tensors = inputs
  for (const [index, { variants, choose }] of stages.entries()) {
    const picked = choose(random() * 100)
    const stageCall: ServableCall = {
      ...call,
      application: { name: application.name, stage: String(index) },
      inputsBy: index === 0 ? 'client' : 'model',
    }
    if (variants.length > 1) {
      const given = tensors
      const sizeBytes = tensorBytes(given)
      for (const [place, variant] of variants.entries()) {
        if (place === picked) continue
        background.start(sizeBytes, signal => {
          const deadlineMs = Date.now() + limits.backgroundTimeoutMs
          return askServable(variant, given, { ...stageCall, signal, deadlineMs }, limits.backgroundTimeoutMs)
        })
      }
    }
    const variant = variants[picked]
    if (variant === undefined) throw nobodyAnswers(application, index)
    tensors = await askServable(variant, tensors, stageCall, limits.servableTimeoutMs)
  }
  return tensors
}

function nobodyAnswers({ name }: RoutedApplication, stage: number): GatewayFailure {
  return new GatewayFailure(
    'InternalUncaught',
    'FAILED_PRECONDITION',
    `stage ${stage} of application ${name} has no variant with a weight above 0, so none answers`,
  )
}
