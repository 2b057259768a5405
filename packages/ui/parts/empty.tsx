import { Paper, Text } from '@mantine/core'
import type { ReactNode } from 'react'

/** Nothing is there; `children` says what to do about it. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <Paper withBorder p="lg">
      <Text fw={500}>{title}</Text>
      {children !== undefined && (
        <Text component="div" size="sm" c="dimmed">
          {children}
        </Text>
      )}
    </Paper>
  )
}
