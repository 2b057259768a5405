import type { ApplicationRecord, KafkaStreaming, ModelSignature, StringMap } from '../../store/index.ts'

/** An application as clients see it. */
export interface ApplicationView {
  readonly id: number
  readonly name: string
  readonly namespace: string | null
  readonly status: ApplicationRecord['status']
  readonly signature: ModelSignature
  readonly message: string | null
  readonly metadata: StringMap
  readonly kafkaStreaming: readonly KafkaStreaming[]
  readonly executionGraph: {
    readonly stages: readonly {
      readonly modelVariants: readonly VariantView[]
      readonly signature: ModelSignature
    }[]
  }
}

interface VariantView {
  readonly modelVersionId: number
  readonly servableName: string | null
  readonly deploymentConfigurationName: string | null
  readonly weight: number
}

export function applicationView(application: ApplicationRecord): ApplicationView {
  const { id, name, namespace, status, signature, statusMessage, metadata, kafkaStreaming, graph } =
    application
  return {
    id,
    name,
    namespace: namespace ?? null,
    status,
    signature,
    message: statusMessage ?? null,
    metadata,
    kafkaStreaming,
    executionGraph: {
      stages: graph.stages.map(stage => ({
        modelVariants: stage.modelVariants.map(
          ({ modelVersionId, servableName = null, deploymentConfigurationName = null, weight }) => ({
            modelVersionId,
            servableName,
            deploymentConfigurationName,
            weight,
          }),
        ),
        signature: stage.signature,
      })),
    },
  }
}
