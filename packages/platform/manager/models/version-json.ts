import type { DockerImage, ModelSignature, ModelVersionRecord, StringMap } from '../../store/index.ts'

/** What all forms of a version have. Absent values are `null`. */
interface CommonVersionJson {
  readonly id: number
  readonly created: string
  readonly modelVersion: number
  readonly modelSignature: ModelSignature
  readonly model: { readonly id: number; readonly name: string }
  readonly metadata: StringMap
  readonly monitoringConfiguration: { readonly batchSize: number }
}

interface ImageJson {
  readonly name: string
  readonly tag: string
  readonly sha256: string | null
}

interface BuiltVersionJson extends CommonVersionJson {
  readonly image: ImageJson | null
  readonly finished: string | null
  readonly runtime: ImageJson | null
  readonly status: ModelVersionRecord['status']
  /** Ours: why it failed. */
  readonly statusMessage: string | null
}

/** The answer of an upload, and what events carry. */
export interface InternalVersionJson extends BuiltVersionJson {
  readonly installCommand: string | null
}

/** What lists show. */
export interface VersionView extends BuiltVersionJson {
  readonly applications: readonly string[]
  readonly isExternal: boolean
}

/** Monitoring sums up requests in batches of this many unless the version says otherwise. */
const BATCH_SIZE = 100

/** The form of uploads and events; a version that runs elsewhere has a shorter one. */
export function toVersionJson(version: ModelVersionRecord): InternalVersionJson | CommonVersionJson {
  if (version.isExternal) return toCommon(version)
  return { ...toBuilt(version), installCommand: version.installCommand ?? null }
}

/** The form of lists. */
export function toVersionView(version: ModelVersionRecord, applications: readonly string[]): VersionView {
  return { ...toBuilt(version), applications, isExternal: version.isExternal }
}

function toBuilt(version: ModelVersionRecord): BuiltVersionJson {
  return {
    ...toCommon(version),
    image: toImage(version.image ?? plannedImage(version)),
    finished: version.finished ?? null,
    runtime: toImage(version.runtime),
    status: version.status,
    statusMessage: version.statusMessage ?? null,
  }
}

function toCommon(version: ModelVersionRecord): CommonVersionJson {
  return {
    id: version.id,
    created: version.created,
    modelVersion: version.version,
    modelSignature: version.signature,
    model: { id: version.modelId, name: version.modelName },
    metadata: version.metadata,
    monitoringConfiguration: version.monitoringConfiguration ?? { batchSize: BATCH_SIZE },
  }
}

/** The name under which a version is built is known before it is. */
function plannedImage(version: ModelVersionRecord): DockerImage | undefined {
  if (version.isExternal) return undefined
  return { name: version.modelName, tag: String(version.version), sha256: undefined }
}

function toImage(image: DockerImage | undefined): ImageJson | null {
  return image === undefined ? null : { name: image.name, tag: image.tag, sha256: image.sha256 ?? null }
}
