import type { Logger } from '@millrace/sdk'
import type { HydrosphereValue } from '@millrace/sdk/protocol'
import { type ApplicationTarget, askApplication } from './application-target.ts'
import { type BackgroundCalls, createBackgroundCalls } from './background-calls.ts'
import type { PredictionRecord, RecordPrediction } from './discovery.ts'
import type { GatewayCall } from './gateway-call.ts'
import type { GatewayLimits } from './gateway-limits.ts'
import { passedHeaders } from './passed-headers.ts'
import { askServable, type ServableTarget } from './servable-target.ts'

/** The one answer behind every door of the gateway. */
export interface Predictor {
  /** @throws GatewayFailure, or the reason of the call's signal */
  readonly application: (
    target: ApplicationTarget,
    inputs: readonly HydrosphereValue[],
    call: GatewayCall,
  ) => Promise<readonly HydrosphereValue[]>
  /**
   * @param isRecorded false for a prediction that monitoring must not see
   * @throws GatewayFailure, or the reason of the call's signal
   */
  readonly servable: (
    target: ServableTarget,
    inputs: readonly HydrosphereValue[],
    call: GatewayCall,
    isRecorded: boolean,
  ) => Promise<readonly HydrosphereValue[]>
  readonly background: BackgroundCalls
}

interface PredictorOptions {
  readonly record: RecordPrediction
  readonly log: Logger
  /** From 0 up to, and without, 1. */
  readonly random: () => number
  readonly limits: GatewayLimits
}

export function createPredictor({ record, log, random, limits }: PredictorOptions): Predictor {
  const background = createBackgroundCalls({
    maxCalls: limits.maxBackgroundCalls,
    maxBytes: limits.maxBackgroundBytes,
    onDrop: droppedCount => {
      // Powers of two: soon told, and never a flood.
      if ((droppedCount & (droppedCount - 1)) === 0) {
        log.warn('variants that do not answer were left out: too many at once', { droppedCount })
      }
    },
  })
  const parts = { random, background, limits }
  const timeouts = { answerMs: limits.servableTimeoutMs, startMs: limits.startTimeoutMs }
  const safely = neverThrowing(record, log)
  return {
    background,
    application(target, inputs, call) {
      const { signal, deadlineMs } = call
      return askApplication(
        target,
        inputs,
        { ...passedHeaders(call.headers), signal, deadlineMs, record: safely },
        parts,
      )
    },
    servable(target, inputs, call, isRecorded) {
      const { signal, deadlineMs } = call
      const record = isRecorded ? safely : null
      return askServable(
        target,
        inputs,
        {
          ...passedHeaders(call.headers),
          signal,
          deadlineMs,
          inputsBy: 'client',
          // Monitoring asks without being recorded, and nobody waits for it.
          isBackground: !isRecorded,
          record,
          figures: target.figures,
        },
        timeouts,
      )
    },
  }
}

/** Monitoring has promised not to throw; if it does all the same, no request is to suffer. */
function neverThrowing(record: RecordPrediction, log: Logger): (record: PredictionRecord) => void {
  let failedCount = 0
  return prediction => {
    try {
      record(prediction)
    } catch (error) {
      failedCount++
      if ((failedCount & (failedCount - 1)) === 0) {
        log.error('a prediction could not be recorded', { error, failedCount })
      }
    }
  }
}
