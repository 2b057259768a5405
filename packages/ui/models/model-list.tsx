import { ActionIcon, Group, Stack, Switch, TextInput } from '@mantine/core'
import { useLocalStorage } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { modelsQuery, versionsQuery } from '../api/queries.ts'
import { type ModelRow, modelRows } from '../format/model-rows.ts'
import { DataTable } from '../parts/data-table.tsx'
import { Empty } from '../parts/empty.tsx'
import { StarIcon } from '../parts/icons.tsx'
import { TextLink } from '../parts/links.tsx'
import { QueryView } from '../parts/query-view.tsx'
import { RelativeTime } from '../parts/relative-time.tsx'
import { StatusBadge } from '../parts/status-badge.tsx'
import { versionStatus } from './version-names.ts'

/** All models, to be searched. Favourites are this browser's. */
export function ModelList() {
  const models = useQuery(modelsQuery())
  const versions = useQuery(versionsQuery())
  const [text, setText] = useState('')
  const [hidesMetrics, setHidesMetrics] = useLocalStorage({
    key: 'millrace-hide-metrics',
    defaultValue: false,
  })
  const [favourites, setFavourites] = useLocalStorage<readonly string[]>({
    key: 'millrace-favourites',
    defaultValue: [],
  })
  const toggle = (name: string) =>
    setFavourites(names => (names.includes(name) ? names.filter(other => other !== name) : [...names, name]))
  return (
    <Stack gap="md">
      <Group align="end">
        <TextInput
          label="Filter by name"
          type="search"
          value={text}
          onChange={({ currentTarget }) => setText(currentTarget.value)}
        />
        <Switch
          label="Hide metric models"
          checked={hidesMetrics}
          onChange={({ currentTarget }) => setHidesMetrics(currentTarget.checked)}
          mb={6}
        />
      </Group>
      <QueryView query={models} what="the models">
        {all => {
          if (all.length === 0) {
            return (
              <Empty title="There are no models yet.">
                Register the first with <code>millrace apply -f model.yaml</code>; it appears here as soon as
                it is built.
              </Empty>
            )
          }
          const rows = modelRows(all, versions.data ?? [], { text, hidesMetrics, favourites })
          if (rows.length === 0) {
            return (
              <Empty title="No model suits.">
                {all.length} {all.length === 1 ? 'is' : 'are'} there; change the filter to see more.
              </Empty>
            )
          }
          return <Rows rows={rows} onToggle={toggle} />
        }}
      </QueryView>
    </Stack>
  )
}

function Rows({
  rows,
  onToggle,
}: {
  readonly rows: readonly ModelRow[]
  readonly onToggle: (name: string) => void
}) {
  return (
    <DataTable
      caption="Models"
      rows={rows}
      keyOf={({ name }) => name}
      columns={[
        {
          title: 'Model',
          cell: ({ name, isFavourite }) => (
            <Group gap={6} wrap="nowrap">
              <ActionIcon
                variant="subtle"
                color={isFavourite ? 'cyan' : 'gray'}
                aria-pressed={isFavourite}
                aria-label={`Favourite ${name}`}
                onClick={() => onToggle(name)}
              >
                <StarIcon isFilled={isFavourite} />
              </ActionIcon>
              <TextLink to="/models/$name" params={{ name }}>
                {name}
              </TextLink>
            </Group>
          ),
        },
        { title: 'Versions', cell: ({ versionCount }) => versionCount },
        {
          title: 'Latest',
          cell: ({ name, latest }) =>
            latest && (
              <Group gap="xs" wrap="nowrap">
                <TextLink
                  to="/models/$name/$version"
                  params={{ name, version: String(latest.modelVersion) }}
                  aria-label={`${name}:${latest.modelVersion}`}
                >
                  {latest.modelVersion}
                </TextLink>
                <StatusBadge status={versionStatus(latest)} message={latest.statusMessage ?? null} />
              </Group>
            ),
        },
        { title: 'Created', cell: ({ latest }) => <RelativeTime time={latest?.created} /> },
      ]}
    />
  )
}
