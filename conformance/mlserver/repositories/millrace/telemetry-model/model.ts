import { type InferenceRequest, Model, type RequestContext } from '@millrace/sdk'

/** Logs what is awkward to log, and adds to a metric of its own. */
export class Telemetry extends Model {
  override predict({ inputs }: InferenceRequest, { log, metrics }: RequestContext) {
    log.info('probe says "quoted"\nand goes on')
    metrics.histogram('probe_observations', 'What the probe has observed')(1)
    return { outputs: inputs }
  }
}
