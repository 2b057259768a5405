import { SegmentedControl, Stack, Text, Title } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import type { VersionJson } from '../api/model-json.ts'
import type { CheckJson } from '../api/monitoring-json.ts'
import { batchQuery } from '../api/monitoring-queries.ts'
import { QueryView } from '../parts/query-view.tsx'
import { BatchCharts } from './batch-charts.tsx'
import { verdictOf } from './chart-series.ts'
import type { Batch } from './heat-grid-rows.ts'
import { RequestList } from './request-list.tsx'

/** The requests of one batch, their latencies and metrics. */
export function BatchDetails({ version, batch }: { readonly version: VersionJson; readonly batch: Batch }) {
  const query = useQuery({
    ...batchQuery(version.id, batch.first, batch.last),
    // The newest batch grows; what it was is shown until the rest is there.
    placeholderData: keepPreviousData,
  })
  return (
    <Stack>
      <Title order={3} size="h5">
        Batch of {batch.requests} {batch.requests === 1 ? 'request' : 'requests'}
      </Title>
      <QueryView query={query} what="the requests of the batch">
        {checks => <Checks versionId={version.id} checks={checks} />}
      </QueryView>
    </Stack>
  )
}

function Checks({
  versionId,
  checks,
}: {
  readonly versionId: number
  readonly checks: readonly CheckJson[]
}) {
  const [shown, setShown] = useState('all')
  const failed = useMemo(() => checks.filter(check => verdictOf(check) === 'failed'), [checks])
  return (
    <>
      <BatchCharts versionId={versionId} checks={checks} />
      <SegmentedControl
        aria-label="Which requests"
        value={shown}
        onChange={setShown}
        data={[
          { value: 'all', label: `All (${checks.length})` },
          { value: 'failed', label: `Failed (${failed.length})` },
        ]}
        style={{ alignSelf: 'start' }}
      />
      {shown === 'failed' && failed.length === 0 ? (
        <Text size="sm">No request of this batch failed.</Text>
      ) : (
        <RequestList checks={shown === 'failed' ? failed : checks} />
      )}
    </>
  )
}
