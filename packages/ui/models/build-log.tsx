import { Button } from '@mantine/core'
import { useState } from 'react'
import { LogView } from '../parts/log-view.tsx'
import { Section } from '../parts/section.tsx'

/** The log of a build: open while it is made, on demand afterwards. */
export function BuildLog({
  versionId,
  isBuilding,
}: {
  readonly versionId: number
  readonly isBuilding: boolean
}) {
  const [isOpen, setOpen] = useState(isBuilding)
  return (
    <Section
      title="Build log"
      actions={
        <Button variant="default" size="xs" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {isOpen ? 'Hide build log' : 'Show build log'}
        </Button>
      }
    >
      {isOpen && <LogView url={`/api/v2/model/version/${versionId}/logs`} label="Build log" />}
    </Section>
  )
}
