import type { ServingError } from '@millrace/sdk'
import type { HydrosphereValue } from '@millrace/sdk/protocol'
import type { ModelSignature } from '../store/index.ts'

/** One running copy of a servable, as the gateway reaches it. */
export interface ServableEndpoint {
  /** Different for every start. */
  readonly id: string
  /** `HOST:PORT` of its gRPC port. */
  readonly address: string
  readonly protocol: 'G1' | 'G2' | 'G3' | 'V2'
  /** What a V2 endpoint calls its model. Default: the servable's `modelName`. */
  readonly modelName?: string | undefined
}

/** A servable that requests can be sent to. */
export interface RoutedServable {
  /** Full name, such as `scaler-1-quiet-river`. */
  readonly name: string
  readonly modelName: string
  readonly modelVersion: number
  readonly modelVersionId: number
  readonly signature: ModelSignature
  /** Those that are ready now; empty for one that is not serving. */
  readonly endpoints: readonly ServableEndpoint[]
  /** It has no endpoints now, and the first request has it started. Default: false. */
  readonly isAsleep?: boolean | undefined
}

export interface RoutedVariant {
  readonly servable: RoutedServable
  /** Of 100; 0 is a shadow, which gets every request and never answers. */
  readonly weight: number
}

/** An application whose servables all serve. */
export interface RoutedApplication {
  readonly id: number
  readonly name: string
  readonly signature: ModelSignature
  readonly stages: readonly { readonly variants: readonly RoutedVariant[] }[]
}

/** What is there to be asked, at one moment. */
export interface RoutingTable {
  readonly applications: ReadonlyMap<string, RoutedApplication>
  readonly servables: ReadonlyMap<string, RoutedServable>
}

/** Where the gateway learns of applications and servables. The wiring fills it in. */
export interface Discovery {
  /** A new object for every change. */
  readonly table: RoutingTable
  /** Called after each change; returns how to stop that. */
  onChange(listener: () => void): () => void
}

/** What was asked of one servable, and what came of it. */
export interface PredictionRecord {
  readonly requestId: string
  readonly application?: { readonly name: string; readonly stage: string } | undefined
  readonly servable: RoutedServable
  readonly latencyMs: number
  readonly inputs: readonly HydrosphereValue[]
  readonly outcome: { readonly outputs: readonly HydrosphereValue[] } | { readonly error: ServingError }
}

/** Takes records for monitoring. It must return at once, and never throw: what it cannot take it drops and counts. */
export type RecordPrediction = (record: PredictionRecord) => void
