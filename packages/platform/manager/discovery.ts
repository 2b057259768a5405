import type { RuntimeProtocol } from '../deploy/index.ts'
import type { ModelSignature } from '../store/index.ts'

/** One running copy of a servable. */
export interface PublishedEndpoint {
  /** Different for every start. */
  readonly id: string
  readonly address: string
  readonly protocol: RuntimeProtocol
}

export interface PublishedServable {
  /** Full name, such as `scaler-1-quiet-river`. */
  readonly name: string
  readonly modelName: string
  readonly modelVersion: number
  readonly modelVersionId: number
  readonly signature: ModelSignature
  /** Those that are ready now; empty for one that is not serving. */
  readonly endpoints: readonly PublishedEndpoint[]
  /** It has no endpoints now, and the first request has it started. */
  readonly isAsleep: boolean
}

/** An application whose servables all serve. */
export interface PublishedApplication {
  readonly id: number
  readonly name: string
  readonly signature: ModelSignature
  readonly stages: readonly {
    readonly variants: readonly { readonly servable: PublishedServable; readonly weight: number }[]
  }[]
}

/** What can be asked, at one moment. */
export interface PublishedTable {
  readonly applications: ReadonlyMap<string, PublishedApplication>
  readonly servables: ReadonlyMap<string, PublishedServable>
}

/** What the manager tells the gateway: where everything runs. */
export interface ManagerDiscovery {
  /** A new object for every change. */
  readonly table: PublishedTable
  /** Called after each change; returns how to stop that. */
  onChange(listener: () => void): () => void
}
