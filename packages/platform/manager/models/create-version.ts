import { readSignatureJson } from '../../resources/index.ts'
import type { ModelVersionRecord, PayloadBlob, Store } from '../../store/index.ts'
import type { Builds } from '../builds/builds.ts'
import type { PayloadArchiveLimits } from '../payload/payload-limits.ts'
import { scanPayload } from '../payload/scan-payload.ts'
import { findSignature } from '../signature/find-signature.ts'
import { readBuildFields, readVersionFields } from './version-fields.ts'

export interface VersionMaker {
  readonly store: Store
  readonly builds: Builds
  readonly payloadLimits: PayloadArchiveLimits
}

/**
 * Makes a version of what was uploaded, and has it built behind the answer.
 *
 * Rejects INVALID_ARGUMENT for what is wrong with metadata, payload or signature; RESOURCE_EXHAUSTED beyond a limit.
 */
export async function createVersion(
  { store, builds, payloadLimits }: VersionMaker,
  metadata: Readonly<Record<string, unknown>>,
  { digest }: PayloadBlob,
  signal: AbortSignal,
): Promise<ModelVersionRecord> {
  const fields = readVersionFields(metadata)
  const build = readBuildFields(metadata)
  const contents = await scanPayload(await store.payloads.pathOf(digest), payloadLimits, signal)
  const given = metadata['modelSignature'] ?? metadata['contract'] ?? metadata['modelContract']
  const signature = findSignature(fields.modelName, given, contents)
  builds.checkRoom()
  const version = await store.transaction(async tables => {
    const made = await tables.modelVersions.create({ ...fields, ...build, signature, payloadDigest: digest })
    // From now on there is a log to be followed.
    await tables.buildLogs.append(made.id, [`Accepted ${made.modelName}:${made.version}`])
    return made
  })
  builds.add(version)
  return version
}

/** Makes a version that runs elsewhere. Rejects INVALID_ARGUMENT for what is wrong with it. */
export async function createExternalVersion(
  store: Store,
  json: Readonly<Record<string, unknown>>,
): Promise<ModelVersionRecord> {
  const fields = readVersionFields(json)
  const signature = readSignatureJson(json['signature'] ?? json['contract'], 'signature')
  return store.modelVersions.createExternal({ ...fields, signature })
}
