import { Button, Fieldset, Group, NumberInput, Select, Stack, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { createMetric } from '../api/commands.ts'
import type { MetricOperator } from '../api/metric-json.ts'
import type { VersionJson } from '../api/model-json.ts'
import { KEYS, versionsQuery } from '../api/queries.ts'
import { versionName } from '../models/version-names.ts'
import { Problem } from '../parts/problem.tsx'
import { tell } from '../parts/tell.ts'
import { SYMBOLS } from './operator-symbols.ts'

const OPERATORS = Object.entries(SYMBOLS).map(([value, label]) => ({ value, label }))

/** Of a long list; the others are found by typing. */
const CHOICES_SHOWN = 100

/** Has a version watched by another. */
export function MetricForm({ version }: { readonly version: VersionJson }) {
  const [name, setName] = useState('')
  const [model, setModel] = useState<string | null>(null)
  const [operator, setOperator] = useState<MetricOperator>('Less')
  const [threshold, setThreshold] = useState<number | string>('')
  const { data: choices = [] } = useQuery({
    ...versionsQuery(),
    select: versions =>
      versions
        .filter(other => other.status === 'Released' && !other.isExternal && other.id !== version.id)
        .map(other => ({ value: String(other.id), label: versionName(other) })),
  })
  const client = useQueryClient()
  const creation = useMutation({
    mutationFn: () =>
      createMetric({
        name: name.trim(),
        modelVersionId: version.id,
        config: {
          modelVersionId: Number(model),
          threshold: Number(threshold),
          thresholdCmpOperator: { kind: operator },
        },
      }),
    onSuccess: async made => {
      setName('')
      tell(`metric ${made.name} is added`)
      await client.invalidateQueries({ queryKey: KEYS.metrics })
    },
  })
  const isComplete = name.trim() !== '' && model !== null && threshold !== ''
  return (
    <form
      onSubmit={event => {
        event.preventDefault()
        if (isComplete) creation.mutate()
      }}
    >
      <Fieldset legend="Add a metric">
        <Stack>
          <Group align="end">
            <TextInput
              label="Name"
              required
              maxLength={200}
              value={name}
              onChange={({ currentTarget }) => setName(currentTarget.value)}
            />
            <Select
              label="Monitoring model"
              required
              searchable
              limit={CHOICES_SHOWN}
              nothingFoundMessage="No released version of this name"
              data={choices}
              value={model}
              onChange={setModel}
            />
            <Select
              label="Healthy when value is"
              required
              allowDeselect={false}
              data={OPERATORS}
              value={operator}
              onChange={value => setOperator((value ?? 'Less') as MetricOperator)}
              w={150}
            />
            <NumberInput label="Threshold" required value={threshold} onChange={setThreshold} w={120} />
            <Button type="submit" disabled={!isComplete} loading={creation.isPending}>
              Add metric
            </Button>
          </Group>
          {creation.error !== null && <Problem title="It was not added" error={creation.error} />}
        </Stack>
      </Fieldset>
    </form>
  )
}
