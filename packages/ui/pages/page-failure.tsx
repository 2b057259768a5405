import type { ErrorComponentProps } from '@tanstack/react-router'
import { PageTitle } from '../parts/page-title.tsx'
import { Problem } from '../parts/problem.tsx'

/** A page that could not be shown: its code did not come, or has a defect. */
export function PageFailure({ error, reset }: ErrorComponentProps) {
  return (
    <>
      <PageTitle title="This page could not be shown" />
      <Problem title="Load it again; the platform may have been updated" error={error} onRetry={reset} />
    </>
  )
}
