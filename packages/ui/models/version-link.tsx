import type { VersionJson } from '../api/model-json.ts'
import { TextLink } from '../parts/links.tsx'
import { versionName } from './version-names.ts'

/** A version by its name, or by its id while the versions are still to come. */
export function VersionLink({
  version,
  id,
}: {
  readonly version: VersionJson | undefined
  readonly id: number
}) {
  if (version === undefined) return <span>version {id}</span>
  return (
    <TextLink
      to="/models/$name/$version"
      params={{ name: version.model.name, version: String(version.modelVersion) }}
    >
      {versionName(version)}
    </TextLink>
  )
}
