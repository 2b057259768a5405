import type { VersionJson } from '../api/model-json.ts'

/** The newest released version of the same model, if it is newer than this one. */
export function upgradeOf(version: VersionJson, versions: readonly VersionJson[]): VersionJson | undefined {
  const newer = versions.filter(
    other =>
      other.model.id === version.model.id &&
      other.modelVersion > version.modelVersion &&
      other.status === 'Released' &&
      !other.isExternal,
  )
  return newer.toSorted((a, b) => b.modelVersion - a.modelVersion)[0]
}
