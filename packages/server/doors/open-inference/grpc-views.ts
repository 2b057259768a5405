import type { MessageInitShape } from '@bufbuild/protobuf'
import type { ParameterValue, TensorSpec } from '@millrace/sdk'
import { inference } from '@millrace/sdk/protocol'
import type { ModelMetadata, NamedStatistics } from '../../dataplane/index.ts'
import { statisticsView } from './json-views.ts'

/** Model metadata as the protobuf message, MLServer's parameters included. */
export function metadataMessage(
  metadata: ModelMetadata,
): MessageInitShape<typeof inference.ModelMetadataResponseSchema> {
  const { name, versions, platform, inputs, outputs, contentType } = metadata
  return {
    name,
    versions: [...versions],
    platform,
    inputs: inputs.map(tensorMessage),
    outputs: outputs.map(tensorMessage),
    parameters: contentTypeParameter(contentType),
  }
}

function tensorMessage({ name, datatype, shape, contentType, parameters = {} }: TensorSpec) {
  const entries = Object.entries(parameters).flatMap(([key, value]) => {
    const parameter = parameterMessage(value)
    return parameter === null ? [] : [[key, parameter] as const]
  })
  return {
    name,
    datatype,
    shape: shape.map(BigInt),
    parameters: { ...contentTypeParameter(contentType), ...Object.fromEntries(entries) },
  }
}

type ParameterInit = MessageInitShape<typeof inference.InferParameterSchema>

function contentTypeParameter(contentType: string | undefined): Record<string, ParameterInit> {
  if (contentType === undefined) return {}
  return { content_type: { parameterChoice: { case: 'stringParam', value: contentType } } }
}

/** `null` for what the protocol has no word for: lists, objects and nulls. */
function parameterMessage(value: ParameterValue): ParameterInit | null {
  if (typeof value === 'boolean') return { parameterChoice: { case: 'boolParam', value } }
  if (typeof value === 'string') return { parameterChoice: { case: 'stringParam', value } }
  if (typeof value === 'bigint') return { parameterChoice: { case: 'int64Param', value } }
  if (typeof value !== 'number') return null
  if (Number.isSafeInteger(value)) return { parameterChoice: { case: 'int64Param', value: BigInt(value) } }
  return { parameterChoice: { case: 'doubleParam', value } }
}

/** The model configuration extension's view; see `configView` for what it can say. */
export function configMessage(
  metadata: ModelMetadata,
): MessageInitShape<typeof inference.ModelConfigResponseSchema> {
  const { name, platform, inputs, outputs } = metadata
  return {
    config: {
      name,
      platform,
      backend: 'millrace',
      maxBatchSize: 0,
      input: inputs.map(input => ({ ...configTensor(input), optional: input.isOptional === true })),
      output: outputs.map(configTensor),
    },
  }
}

function configTensor({ name, datatype, shape }: TensorSpec) {
  const dataType = inference.DataType[`TYPE_${datatype === 'BYTES' ? 'STRING' : datatype}`]
  return { name, dataType, dims: shape.map(BigInt) }
}

export function statisticsMessage(
  statistics: NamedStatistics,
): MessageInitShape<typeof inference.ModelStatisticsSchema> {
  const view = statisticsView(statistics)
  const { inference_stats: stats } = view
  return {
    name: view.name,
    version: view.version,
    lastInference: BigInt(view.last_inference),
    inferenceCount: BigInt(view.inference_count),
    executionCount: BigInt(view.execution_count),
    inferenceStats: {
      success: duration(stats.success),
      fail: duration(stats.fail),
      queue: duration(stats.queue),
      computeInput: duration(stats.compute_input),
      computeInfer: duration(stats.compute_infer),
      computeOutput: duration(stats.compute_output),
      cacheHit: duration(stats.cache_hit),
      cacheMiss: duration(stats.cache_miss),
    },
  }
}

function duration({ count, ns }: { readonly count: number; readonly ns: number }) {
  return { count: BigInt(count), ns: BigInt(ns) }
}
