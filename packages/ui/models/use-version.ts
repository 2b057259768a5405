import { useQuery } from '@tanstack/react-query'
import type { VersionJson } from '../api/model-json.ts'
import { versionsQuery } from '../api/queries.ts'

/** One version out of the list that events keep up to date; `undefined` as data when there is none of this name. */
export function useVersion(name: string, version: string) {
  return useQuery({
    ...versionsQuery(),
    select: versions => ({
      version: versions.find(
        ({ model, modelVersion }) => model.name === name && String(modelVersion) === version,
      ),
    }),
  })
}

/** All versions by id; empty while they are still to come. */
export function useVersionsById(): ReadonlyMap<number, VersionJson> {
  const { data } = useQuery({ ...versionsQuery(), select: byId })
  return data ?? NONE
}

const NONE: ReadonlyMap<number, VersionJson> = new Map()

function byId(versions: readonly VersionJson[]): ReadonlyMap<number, VersionJson> {
  return new Map(versions.map(version => [version.id, version]))
}
