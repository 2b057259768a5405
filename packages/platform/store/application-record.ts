import type { Selectable } from 'kysely'
import { fromJson, type StringMap } from './records.ts'
import type { ModelSignature } from './signature.ts'
import type { Tables } from './tables.ts'

export type ApplicationStatus = 'Assembling' | 'Ready' | 'Failed'

/** Stages, one after the other. */
export interface ExecutionGraph {
  readonly stages: readonly ApplicationStage[]
  /** What answers until these stages do: there while an application that has been ready is updated. */
  readonly previous?: PreviousGraph | undefined
}

export interface PreviousGraph {
  readonly stages: readonly ApplicationStage[]
  /** The application's. */
  readonly signature: ModelSignature
}

export interface ApplicationStage {
  readonly modelVariants: readonly ApplicationVariant[]
  readonly signature: ModelSignature
}

export interface ApplicationVariant {
  readonly modelVersionId: number
  /** `undefined` until it is deployed. */
  readonly servableName?: string | undefined
  readonly deploymentConfigurationName?: string | undefined
  /** Percent; 0 for a shadow. */
  readonly weight: number
}

export interface KafkaStreaming {
  readonly sourceTopic: string
  readonly destinationTopic: string
  readonly consumerId?: string | undefined
  readonly errorTopic?: string | undefined
}

/** What an application is made of; all of it is replaced at once. */
export interface ApplicationDefinition {
  readonly name: string
  readonly namespace?: string | undefined
  readonly signature: ModelSignature
  readonly graph: ExecutionGraph
  readonly kafkaStreaming?: readonly KafkaStreaming[] | undefined
  readonly metadata?: StringMap | undefined
}

export interface ApplicationRecord {
  /** Stays the same when the application is replaced. */
  readonly id: number
  readonly name: string
  readonly namespace: string | undefined
  readonly status: ApplicationStatus
  readonly statusMessage: string | undefined
  readonly signature: ModelSignature
  readonly graph: ExecutionGraph
  readonly kafkaStreaming: readonly KafkaStreaming[]
  readonly metadata: StringMap
  /** Counts its changes from 1. */
  readonly revision: number
  readonly created: string
  readonly updated: string
}

/** What became of it; `graph` when servables have come or gone. */
export interface ApplicationState {
  readonly status: ApplicationStatus
  readonly statusMessage?: string | undefined
  readonly graph?: ExecutionGraph | undefined
  /** When given, nothing is changed unless this is the revision that is there. */
  readonly ifRevision?: number | undefined
}

export function toApplication(row: Selectable<Tables['applications']>): ApplicationRecord {
  return {
    id: row.id,
    name: row.name,
    namespace: row.namespace ?? undefined,
    status: row.status as ApplicationStatus,
    statusMessage: row.status_message ?? undefined,
    signature: fromJson(row.signature),
    graph: fromJson(row.graph),
    kafkaStreaming: fromJson(row.kafka_streaming),
    metadata: fromJson(row.metadata),
    revision: row.revision,
    created: row.created_at,
    updated: row.updated_at,
  }
}
