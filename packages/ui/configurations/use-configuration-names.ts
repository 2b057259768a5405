import { useQuery } from '@tanstack/react-query'
import type { ConfigurationJson } from '../api/configuration-json.ts'
import { configurationsQuery } from '../api/queries.ts'

/** Names to choose from; empty while they are still to come. */
export function useConfigurationNames(): string[] {
  const { data } = useQuery({ ...configurationsQuery(), select: namesOf })
  return data ?? []
}

function namesOf(configurations: readonly ConfigurationJson[]): string[] {
  return configurations.map(({ name }) => name)
}
