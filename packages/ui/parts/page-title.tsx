import { Group, Title } from '@mantine/core'
import { useDocumentTitle } from '@mantine/hooks'
import type { ReactNode } from 'react'

export interface PageTitleProps {
  readonly title: string
  /** Beside it: states. */
  readonly aside?: ReactNode
  /** At the end of the line: buttons. */
  readonly actions?: ReactNode
}

/** What a page is about; the window's title, too. */
export function PageTitle({ title, aside, actions }: PageTitleProps) {
  useDocumentTitle(`${title} · Millrace`)
  return (
    <Group justify="space-between" mb="md">
      <Group gap="sm">
        <Title order={1} size="h2" className="page-title">
          {title}
        </Title>
        {aside}
      </Group>
      {actions !== undefined && <Group gap="xs">{actions}</Group>}
    </Group>
  )
}
