import type { ServingRuntime } from './serving-runtime.ts'
import { type Findings, shown } from './violation.ts'

const PREFIX = 'serving.kserve.io/'
const AUTOSCALER = `${PREFIX}autoscalerClass`
const TARGET = `${PREFIX}targetUtilizationPercentage`
const METRICS = `${PREFIX}metrics`
const MIN_SCALE = `${PREFIX}min-scale`
const MAX_SCALE = `${PREFIX}max-scale`

/** Annotations of a runtime that say how many pods it has and how much they do at once. Source: ModelMesh's webhook. */
export function checkScaling({ metadata, spec }: ServingRuntime, findings: Findings): void {
  const annotations: Readonly<Record<string, unknown>> = metadata.annotations ?? {}
  const whole = (name: string, min: number, max: number): number | undefined => {
    const text = annotations[name]
    if (text === undefined) return undefined
    const value = typeof text === 'string' && /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    findings.add(pathOf(name), `${shown(text)} is not a whole number from ${min} to ${max}, as a text`)
    return undefined
  }
  whole('maxLoadingConcurrency', 1, 1_000)
  whole('perModelConcurrencyLimit', 0, 1_000_000)
  whole(TARGET, 1, 100)
  const least = whole(MIN_SCALE, 1, 1_000_000)
  const most = whole(MAX_SCALE, 1, 1_000_000)
  if (least !== undefined && most !== undefined && least > most) {
    findings.add(pathOf(MIN_SCALE), `${least} is more than ${MAX_SCALE}, which is ${most}`)
  }
  const autoscaler = annotations[AUTOSCALER]
  if (autoscaler !== undefined && autoscaler !== 'hpa') {
    findings.add(pathOf(AUTOSCALER), `${shown(autoscaler)} is not known; only hpa is`)
  }
  const metrics = annotations[METRICS]
  if (metrics !== undefined && metrics !== 'cpu' && metrics !== 'memory') {
    findings.add(pathOf(METRICS), `${shown(metrics)} cannot be scaled by; allowed are cpu and memory`)
  }
  if (spec.replicas !== undefined) {
    if (!Number.isInteger(spec.replicas) || spec.replicas < 0 || spec.replicas > 65_535) {
      findings.add('spec.replicas', `${shown(spec.replicas)} is not a whole number from 0 to 65535`)
    }
    if (autoscaler !== undefined) {
      findings.add(
        'spec.replicas',
        `cannot be set together with the annotation ${AUTOSCALER}; leave one of them out`,
      )
    }
  }
}

function pathOf(annotation: string): string {
  return `metadata.annotations['${annotation}']`
}
