import { type HydrosphereValue, hydrosphereValueBytes } from '@millrace/sdk/protocol'
import type { BackgroundCalls } from './background-calls.ts'
import type { CallFigures, FigureTable } from './call-figures.ts'
import type { RoutedApplication } from './discovery.ts'
import { GatewayFailure } from './gateway-failure.ts'
import type { GatewayLimits } from './gateway-limits.ts'
import { askServable, type ServableCall, type ServableTarget } from './servable-target.ts'
import { compileChoice } from './variant-choice.ts'

/** An application as the routing table has it, ready to be asked. */
export interface ApplicationTarget {
  readonly application: RoutedApplication
  readonly stages: readonly StageTarget[]
}

interface StageTarget {
  readonly variants: readonly ServableTarget[]
  /** Of each variant. */
  readonly figures: readonly CallFigures[]
  /** The index of the variant that answers, for a number from 0 up to 100; -1 for none. */
  readonly choose: (r: number) => number
}

/** @param variants of each stage, in the order of the application's own */
export function applicationTarget(
  application: RoutedApplication,
  variants: readonly (readonly ServableTarget[])[],
  table: FigureTable,
): ApplicationTarget {
  const stages = application.stages.map((stage, index) => ({
    variants: variants[index]!,
    figures: variants[index]!.map(({ servable }) => table.of(servable.name, application.name, String(index))),
    choose: compileChoice(stage.variants.map(({ weight }) => weight)),
  }))
  return { application, stages }
}

/** What a pipeline needs besides the request. */
interface PipelineParts {
  /** From 0 up to, and without, 1. */
  readonly random: () => number
  readonly background: BackgroundCalls
  readonly limits: Pick<GatewayLimits, 'servableTimeoutMs' | 'backgroundTimeoutMs' | 'startTimeoutMs'>
}

/** A call of an application, before it is known which stage it is at. */
type ApplicationCall = Omit<ServableCall, 'application' | 'inputsBy' | 'figures' | 'isBackground'>

/**
 * Asks one stage after the other; each gets what the one before answered, and nothing else. Which variant of a stage
 * answers is drawn before any is asked. The others are asked at the same time, and nobody waits for them.
 * @throws GatewayFailure as the first variant that fails of those that answer
 */
export function askApplication(
  target: ApplicationTarget,
  inputs: readonly HydrosphereValue[],
  call: ApplicationCall,
  parts: PipelineParts,
): Promise<readonly HydrosphereValue[]> {
  // The one stage is asked before the routing table can change.
  if (target.stages.length === 1) return askStages(target, inputs, call, parts)
  return askPipeline(target, inputs, call, parts)
}

async function askPipeline(
  target: ApplicationTarget,
  inputs: readonly HydrosphereValue[],
  call: ApplicationCall,
  parts: PipelineParts,
): Promise<readonly HydrosphereValue[]> {
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
  inputs: readonly HydrosphereValue[],
  call: ApplicationCall,
  { random, background, limits }: PipelineParts,
): Promise<readonly HydrosphereValue[]> {
  let values = inputs
  const timeouts = { answerMs: limits.servableTimeoutMs, startMs: limits.startTimeoutMs }
  for (const [index, { variants, figures, choose }] of stages.entries()) {
    const picked = choose(random() * 100)
    const stageCall = {
      ...call,
      application: { name: application.name, stage: String(index) },
      inputsBy: index === 0 ? ('client' as const) : ('model' as const),
    }
    if (variants.length > 1) {
      const given = values
      const sizeBytes = hydrosphereValueBytes(given)
      for (const [place, variant] of variants.entries()) {
        if (place === picked) continue
        background.start(sizeBytes, signal => {
          const deadlineMs = Date.now() + limits.backgroundTimeoutMs
          const shadowCall = {
            ...stageCall,
            figures: figures[place]!,
            isBackground: true,
            signal,
            deadlineMs,
          }
          return askServable(variant, given, shadowCall, {
            answerMs: limits.backgroundTimeoutMs,
            startMs: limits.backgroundTimeoutMs,
          })
        })
      }
    }
    const variant = variants[picked]
    if (variant === undefined) throw nobodyAnswers(application, index)
    const answerCall: ServableCall = { ...stageCall, figures: figures[picked]!, isBackground: false }
    values = await askServable(variant, values, answerCall, timeouts)
  }
  return values
}

function nobodyAnswers({ name }: RoutedApplication, stage: number): GatewayFailure {
  return new GatewayFailure(
    'InternalUncaught',
    'FAILED_PRECONDITION',
    `stage ${stage} of application ${name} has no variant with a weight above 0, so none answers`,
  )
}
