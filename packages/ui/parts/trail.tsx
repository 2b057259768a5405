import { Breadcrumbs } from '@mantine/core'
import type { ReactNode } from 'react'

/** The pages above this one. */
export function Trail({ children }: { readonly children: ReactNode }) {
  return (
    <nav aria-label="Above this page">
      <Breadcrumbs mb="xs" style={{ flexWrap: 'wrap' }}>
        {children}
      </Breadcrumbs>
    </nav>
  )
}
