import { Button, Fieldset, Group, SimpleGrid, Stack, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { createConfiguration } from '../api/commands.ts'
import type { ConfigurationJson } from '../api/configuration-json.ts'
import { KEYS } from '../api/queries.ts'
import { Problem } from '../parts/problem.tsx'
import { tell } from '../parts/tell.ts'
import {
  type ConfigurationDraft,
  configurationBody,
  configurationProblems,
  EMPTY_CONFIGURATION,
} from './configuration-draft.ts'
import { useConfigurationNames } from './use-configuration-names.ts'

type Field = keyof ConfigurationDraft

/** Creates a deployment configuration; it cannot be changed afterwards. */
export function ConfigurationForm({ onCreated }: { readonly onCreated: (made: ConfigurationJson) => void }) {
  const [draft, setDraft] = useState(EMPTY_CONFIGURATION)
  const [isSent, setSent] = useState(false)
  const problems = configurationProblems(draft, useConfigurationNames())
  const client = useQueryClient()
  const creation = useMutation({
    mutationFn: () => createConfiguration(configurationBody(draft)),
    onSuccess: async made => {
      await client.invalidateQueries({ queryKey: KEYS.configurations })
      tell(`deployment configuration ${made.name} is created`)
      onCreated(made)
    },
  })
  const field = (name: Field, label: string, placeholder = '') => ({
    label,
    placeholder,
    value: draft[name],
    error: isSent ? problems[name] : undefined,
    onChange: ({ currentTarget }: { readonly currentTarget: { readonly value: string } }) =>
      setDraft(draft => ({ ...draft, [name]: currentTarget.value })),
  })
  return (
    <form
      noValidate
      onSubmit={event => {
        event.preventDefault()
        setSent(true)
        if (Object.keys(problems).length === 0) creation.mutate()
      }}
    >
      <Stack maw={720}>
        <TextInput {...field('name', 'Name')} required maxLength={200} />
        <Fieldset legend="Replicas">
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <TextInput {...field('replicas', 'Replicas', '1')} inputMode="numeric" />
            <TextInput {...field('cpuUtilization', 'Scale at CPU (%)')} inputMode="numeric" />
            <TextInput {...field('minReplicas', 'At least')} inputMode="numeric" />
            <TextInput {...field('maxReplicas', 'At most')} inputMode="numeric" />
          </SimpleGrid>
        </Fieldset>
        <Fieldset legend="Resources of each">
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <TextInput {...field('cpuLimit', 'CPU limit', '2 or 500m')} />
            <TextInput {...field('memoryLimit', 'Memory limit', '512Mi')} />
            <TextInput {...field('cpuRequest', 'CPU request')} />
            <TextInput {...field('memoryRequest', 'Memory request')} />
          </SimpleGrid>
        </Fieldset>
        <Textarea
          {...field('environment', 'Environment variables', 'OMP_NUM_THREADS=1')}
          description="NAME=value, one a line"
          autosize
          minRows={2}
        />
        <Textarea
          {...field('pod', 'Pod', '{"nodeSelector": {"disk": "ssd"}}')}
          description="For Kubernetes, as JSON: nodeSelector, affinity, tolerations"
          autosize
          minRows={2}
        />
        {creation.error !== null && <Problem title="It was not created" error={creation.error} />}
        <Group>
          <Button type="submit" loading={creation.isPending}>
            Create
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
