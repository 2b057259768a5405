import type { ReactNode } from 'react'
import { Empty } from './empty.tsx'
import { PageTitle } from './page-title.tsx'

export interface MissingProps {
  /** What was looked for: "version scaler:9". */
  readonly what: string
  /** Why that may be, and where to go on. */
  readonly children: ReactNode
}

/** The page of something that is not there. */
export function Missing({ what, children }: MissingProps) {
  return (
    <>
      <PageTitle title="Not found" />
      <Empty title={`There is no ${what}.`}>{children}</Empty>
    </>
  )
}
