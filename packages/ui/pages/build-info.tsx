import { ActionIcon, Tooltip } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { buildInfoQuery } from '../api/queries.ts'
import { Details } from '../parts/details.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { InfoIcon } from '../parts/icons.tsx'
import { QueryView } from '../parts/query-view.tsx'
import { Section } from '../parts/section.tsx'

/** What runs here, in a dialog. */
export function BuildInfo() {
  const [isOpen, { open, close }] = useDisclosure(false)
  const query = useQuery({ ...buildInfoQuery(), enabled: isOpen })
  return (
    <>
      <Tooltip label="Build information">
        <ActionIcon variant="subtle" color="gray" aria-label="Build information" onClick={open}>
          <InfoIcon />
        </ActionIcon>
      </Tooltip>
      <Dialog title="Build information" isOpen={isOpen} onClose={close}>
        <QueryView query={query} what="the build information">
          {parts =>
            parts.map(({ part, info }) => (
              <Section key={part} title={part}>
                <Details rows={Object.entries(info).map(([name, value]) => [name, textOf(value)])} />
              </Section>
            ))
          }
        </QueryView>
      </Dialog>
    </>
  )
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
