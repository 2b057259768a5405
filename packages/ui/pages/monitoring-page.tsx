import { Box, Button, Group, Text, TextInput } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import type { VersionJson } from '../api/model-json.ts'
import type { AggregatesJson } from '../api/monitoring-json.ts'
import { aggregatesQuery } from '../api/monitoring-queries.ts'
import { NoVersion } from '../models/no-version.tsx'
import { useVersion } from '../models/use-version.ts'
import { BatchDetails } from '../monitoring/batch-details.tsx'
import { Drift } from '../monitoring/drift.tsx'
import { HeatGrid } from '../monitoring/heat-grid.tsx'
import { batchesOf, heatGridRows } from '../monitoring/heat-grid-rows.ts'
import { MetricDialog } from '../monitoring/metric-dialog.tsx'
import { Empty } from '../parts/empty.tsx'
import { TextLink } from '../parts/links.tsx'
import { PageTitle } from '../parts/page-title.tsx'
import { QueryView } from '../parts/query-view.tsx'
import { Section } from '../parts/section.tsx'
import { Trail } from '../parts/trail.tsx'

const route = getRouteApi('/models/$name/$version/monitoring')

/** `/models/{name}/{version}/monitoring` */
export function MonitoringPage() {
  const { name, version } = route.useParams()
  const query = useVersion(name, version)
  return (
    <>
      <Trail>
        <TextLink to="/models">Models</TextLink>
        <TextLink to="/models/$name" params={{ name }}>
          {name}
        </TextLink>
        <TextLink to="/models/$name/$version" params={{ name, version }}>
          {version}
        </TextLink>
        <span>Monitoring</span>
      </Trail>
      <QueryView query={query} what="the version">
        {({ version: found }) =>
          found === undefined ? (
            <NoVersion name={name} version={version} />
          ) : (
            <Monitoring key={found.id} version={found} />
          )
        }
      </QueryView>
    </>
  )
}

function Monitoring({ version }: { readonly version: VersionJson }) {
  const [from, setFrom] = useState('')
  const [till, setTill] = useState('')
  const query = useQuery({
    ...aggregatesQuery(version.id, { from: toSeconds(from), till: toSeconds(till) }),
    placeholderData: keepPreviousData,
  })
  return (
    <>
      <PageTitle
        title={`Monitoring of ${version.model.name}:${version.modelVersion}`}
        actions={<MetricDialog version={version} />}
      />
      <Section title="Batches">
        <Group align="end">
          <TextInput
            type="datetime-local"
            label="From"
            value={from}
            onChange={({ currentTarget }) => setFrom(currentTarget.value)}
          />
          <TextInput
            type="datetime-local"
            label="Till"
            value={till}
            onChange={({ currentTarget }) => setTill(currentTarget.value)}
          />
          <Button
            variant="default"
            disabled={from === '' && till === ''}
            onClick={() => {
              setFrom('')
              setTill('')
            }}
          >
            All times
          </Button>
        </Group>
        <QueryView query={query} what="the batches">
          {aggregates =>
            aggregates.results.length === 0 ? (
              <Empty title="No requests in this time.">
                Requests that an application sends to this version are checked, and appear here in batches of{' '}
                {version.monitoringConfiguration?.batchSize ?? 100}.
              </Empty>
            ) : (
              <Aggregates version={version} aggregates={aggregates} />
            )
          }
        </QueryView>
      </Section>
      <Section title="Drift">
        <Drift versionId={version.id} />
      </Section>
    </>
  )
}

function Aggregates({
  version,
  aggregates,
}: {
  readonly version: VersionJson
  readonly aggregates: AggregatesJson
}) {
  const [chosen, choose] = useState<string>()
  const batches = batchesOf(aggregates.results)
  const rows = heatGridRows(aggregates.results, version.modelSignature)
  const batch = batches.find(({ first }) => first === chosen) ?? batches[0]!
  return (
    <>
      <Text size="sm" c="dimmed">
        {aggregates.count} {aggregates.count === 1 ? 'batch' : 'batches'}, the newest first.{' '}
        {rows.length === 0
          ? 'Nothing was checked: training data gives the bounds of fields, and metrics are configured above.'
          : 'Green: all checks passed.'}
      </Text>
      <HeatGrid rows={rows} batches={batches} chosen={batch.first} onChoose={choose} />
      <Box mt="md">
        <BatchDetails key={batch.first} version={version} batch={batch} />
      </Box>
    </>
  )
}

/** Of a field for local times; `undefined` while it is empty. */
function toSeconds(text: string): number | undefined {
  const ms = new Date(text).getTime()
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1_000)
}
