import { Button, Group, Select, Stack } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { deployServable } from '../api/commands.ts'
import type { VersionJson } from '../api/model-json.ts'
import { KEYS } from '../api/queries.ts'
import { useConfigurationNames } from '../configurations/use-configuration-names.ts'
import { Dialog } from '../parts/dialog.tsx'
import { Problem } from '../parts/problem.tsx'
import { tell } from '../parts/tell.ts'
import { versionName } from './version-names.ts'

/** Has a version run without an application. */
export function DeployForm({ version }: { readonly version: VersionJson }) {
  const [isOpen, { open, close }] = useDisclosure(false)
  const [configuration, setConfiguration] = useState<string | null>(null)
  const configurations = useConfigurationNames()
  const client = useQueryClient()
  const deployment = useMutation({
    mutationFn: () =>
      deployServable({
        modelName: version.model.name,
        version: version.modelVersion,
        deploymentConfigName: configuration,
      }),
    onSuccess: async () => {
      close()
      tell(`${versionName(version)} starts`)
      await client.invalidateQueries({ queryKey: KEYS.servables })
    },
  })
  return (
    <>
      <Button size="xs" variant="default" onClick={open}>
        Deploy
      </Button>
      <Dialog title={`Deploy ${versionName(version)}`} isOpen={isOpen} onClose={close}>
        <Stack>
          <Select
            label="Deployment configuration"
            placeholder="The platform's default"
            clearable
            clearButtonProps={{ 'aria-label': 'Clear the deployment configuration' }}
            data={configurations}
            value={configuration}
            onChange={setConfiguration}
          />
          {deployment.error !== null && <Problem title="It was not deployed" error={deployment.error} />}
          <Group justify="flex-end">
            <Button loading={deployment.isPending} onClick={() => deployment.mutate()}>
              Deploy
            </Button>
          </Group>
        </Stack>
      </Dialog>
    </>
  )
}
