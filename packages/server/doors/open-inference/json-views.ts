import type { TensorSpec } from '@millrace/sdk'
import type { ModelMetadata, NamedStatistics } from '../../dataplane/index.ts'
import type { DurationTotal } from '../../metrics/index.ts'

/**
 * Model metadata with the names of the wire (Open Inference Protocol, "Model Metadata"), and where the model runs. That
 * is not in the message of gRPC, whose parameters clients of the vendor-neutral protocol expect to be texts.
 */
export function metadataView(metadata: ModelMetadata): object {
  const { name, versions, platform, inputs, outputs, contentType, placement } = metadata
  return {
    name,
    versions,
    platform,
    inputs: inputs.map(tensorView),
    outputs: outputs.map(tensorView),
    parameters: {
      ...(contentType === undefined ? {} : { content_type: contentType }),
      placement: placement.place,
      placement_reason: placement.reason,
    },
  }
}

function tensorView({ name, datatype, shape, contentType, parameters }: TensorSpec): object {
  const all = contentType === undefined ? parameters : { content_type: contentType, ...parameters }
  return { name, datatype, shape, ...(all === undefined ? {} : { parameters: all }) }
}

/**
 * What Triton's model configuration extension would say of this model. `max_batch_size` 0 means
 * that shapes are complete, batch dimension included, which is how contracts are written here.
 */
export function configView(metadata: ModelMetadata): object {
  const { name, platform, inputs, outputs } = metadata
  return {
    name,
    platform,
    backend: 'millrace',
    max_batch_size: 0,
    input: inputs.map(configTensor),
    // Triton knows optional inputs only.
    output: outputs.map(output => configTensor({ ...output, isOptional: false })),
  }
}

function configTensor({ name, datatype, shape, isOptional }: TensorSpec): object {
  const optional = isOptional === true ? { optional: true } : {}
  return { name, data_type: configDatatype(datatype), dims: shape, ...optional }
}

/** Triton's configuration calls BYTES a string. */
function configDatatype(datatype: TensorSpec['datatype']): `TYPE_${string}` {
  return datatype === 'BYTES' ? 'TYPE_STRING' : `TYPE_${datatype}`
}

const NO_DURATION: DurationTotal = { count: 0, ns: 0 }

/** Triton's statistics extension. What is spent on input and output is not told apart from the rest. */
export function statisticsView({ name, version, statistics }: NamedStatistics) {
  const { success, failure, queue, cacheHit, cacheMiss, inferenceCount, executionCount, lastInferenceMs } =
    statistics
  return {
    name,
    version: version ?? '',
    last_inference: lastInferenceMs,
    inference_count: inferenceCount,
    execution_count: executionCount,
    inference_stats: {
      success: whole(success),
      fail: whole(failure),
      queue: whole(queue),
      compute_input: NO_DURATION,
      compute_infer: whole(success),
      compute_output: NO_DURATION,
      cache_hit: whole(cacheHit),
      cache_miss: whole(cacheMiss),
    },
  }
}

/** Nanoseconds as an integer, as the protocol types them. */
function whole({ count, ns }: DurationTotal): DurationTotal {
  return { count, ns: Math.round(ns) }
}
