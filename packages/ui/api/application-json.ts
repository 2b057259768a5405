import type { SignatureJson } from './signature-json.ts'

/** Versions composed into something that is asked by one name. */
export interface ApplicationJson {
  readonly id: number
  readonly name: string
  readonly namespace: string | null
  readonly status: string
  readonly message: string | null
  readonly signature: SignatureJson
  readonly metadata: Readonly<Record<string, string>> | null
  readonly kafkaStreaming: readonly KafkaStreamingJson[]
  readonly executionGraph: { readonly stages: readonly StageJson[] }
}

export interface KafkaStreamingJson {
  readonly sourceTopic: string
  readonly destinationTopic: string
  readonly [key: string]: unknown
}

export interface StageJson {
  readonly modelVariants: readonly VariantJson[]
  readonly signature: SignatureJson
}

export interface VariantJson {
  readonly modelVersionId: number
  readonly servableName: string | null
  readonly deploymentConfigurationName: string | null
  readonly weight: number
}

/** What creates an application; with an `id`, what changes one. */
export interface ApplicationBody {
  readonly id?: number
  readonly name: string
  readonly namespace?: string | null
  readonly kafkaStreaming: readonly KafkaStreamingJson[]
  readonly executionGraph: {
    readonly stages: readonly {
      readonly modelVariants: readonly {
        readonly modelVersionId: number
        readonly weight: number
        readonly deploymentConfigName: string | null
      }[]
    }[]
  }
}
