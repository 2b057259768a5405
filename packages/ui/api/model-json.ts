import type { SignatureJson } from './signature-json.ts'

/** A model by its name. */
export interface ModelJson {
  readonly id: number
  readonly name: string
}

export interface ImageJson {
  readonly name: string
  readonly tag: string
}

/** A version as events carry it: without what the lists look up. */
export interface VersionUpdateJson {
  readonly id: number
  readonly modelVersion: number
  readonly model: ModelJson
  readonly modelSignature: SignatureJson
  readonly created: string
  readonly metadata: Readonly<Record<string, string>> | null
  readonly monitoringConfiguration?: { readonly batchSize: number } | null
  readonly finished?: string | null
  readonly runtime?: ImageJson | null
  readonly image?: ImageJson | null
  /** Absent for versions that run elsewhere. */
  readonly status?: 'Assembling' | 'Released' | 'Failed'
  readonly statusMessage?: string | null
}

/** A version as lists show it. */
export interface VersionJson extends VersionUpdateJson {
  /** Names of the applications that use it. */
  readonly applications: readonly string[]
  /** It runs elsewhere, and is only watched. */
  readonly isExternal: boolean
}
