import type { InferenceRequest, ModelSettings, RequestContext } from '../model/index.ts'
import type { Tensor } from '../tensor/index.ts'

/** The settings of a model named `sample`, with what a test needs of them. */
export function sampleSettings(given: Partial<ModelSettings> = {}): ModelSettings {
  return {
    name: 'sample',
    version: undefined,
    implementation: './sample.ts:Sample',
    folder: '/models/sample',
    uri: '/models/sample',
    platform: '',
    versionNotes: [],
    inputs: [],
    outputs: [],
    enforceContract: true,
    contentType: undefined,
    extra: {},
    parameters: {},
    ...given,
  }
}

export function sampleRequest(
  inputs: readonly Tensor[],
  given: Partial<InferenceRequest> = {},
): InferenceRequest {
  return { modelName: 'sample', inputs, ...given }
}

/** A call without headers, deadline or anybody who listens to its logs and metrics. */
export const SILENT_CONTEXT: RequestContext = {
  headers: {},
  signal: new AbortController().signal,
  deadlineMs: Infinity,
  setHeader: nothing,
  log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
  metrics: { counter: () => nothing, gauge: () => nothing, histogram: () => nothing },
}

function nothing(): void {}
