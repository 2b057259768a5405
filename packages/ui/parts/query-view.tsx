import { Group, Loader, Text } from '@mantine/core'
import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Problem } from './problem.tsx'

export interface QueryViewProps<T> {
  readonly query: UseQueryResult<T>
  /** What is loaded: "the models". */
  readonly what: string
  readonly children: (data: T) => ReactNode
}

/** Shows what has been asked for, or that it is on its way, or why it is not there. */
export function QueryView<T>({ query, what, children }: QueryViewProps<T>) {
  const { data, error, isPending, refetch } = query
  if (data !== undefined) return children(data)
  if (isPending) {
    return (
      <Group gap="sm" role="status" py="md">
        <Loader size="sm" aria-hidden="true" />
        <Text size="sm">Loading {what}…</Text>
      </Group>
    )
  }
  return <Problem title={`Could not load ${what}`} error={error} onRetry={() => void refetch()} />
}
