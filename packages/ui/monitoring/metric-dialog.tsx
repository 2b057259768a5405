import { Button, Stack } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { deleteMetric } from '../api/commands.ts'
import type { MetricJson } from '../api/metric-json.ts'
import type { VersionJson } from '../api/model-json.ts'
import { metricsQuery, servablesQuery } from '../api/queries.ts'
import { useVersionsById } from '../models/use-version.ts'
import { VersionLink } from '../models/version-link.tsx'
import { DataTable } from '../parts/data-table.tsx'
import { DeleteButton } from '../parts/delete-button.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Empty } from '../parts/empty.tsx'
import { QueryView } from '../parts/query-view.tsx'
import { StatusBadge } from '../parts/status-badge.tsx'
import { MetricForm } from './metric-form.tsx'
import { SYMBOLS } from './operator-symbols.ts'

/** Which metrics watch a version: lists, adds, deletes. */
export function MetricDialog({ version }: { readonly version: VersionJson }) {
  const [isOpen, { open, close }] = useDisclosure(false)
  const metrics = useQuery(metricsQuery())
  return (
    <>
      <Button variant="default" onClick={open}>
        Configure metrics
      </Button>
      <Dialog title="Metrics" isOpen={isOpen} onClose={close} size="xl">
        <Stack>
          <QueryView query={metrics} what="the metrics">
            {all => <Metrics metrics={all.filter(({ modelVersionId }) => modelVersionId === version.id)} />}
          </QueryView>
          <MetricForm version={version} />
        </Stack>
      </Dialog>
    </>
  )
}

function Metrics({ metrics }: { readonly metrics: readonly MetricJson[] }) {
  const versions = useVersionsById()
  // Its own events tell how a servable is; those of the metric do not follow it.
  const { data: servables = [] } = useQuery(servablesQuery())
  if (metrics.length === 0) {
    return (
      <Empty title="No metric watches this version yet.">Add one below; its servable starts at once.</Empty>
    )
  }
  return (
    <DataTable
      caption="Metrics"
      rows={metrics}
      keyOf={({ id }) => id}
      columns={[
        { title: 'Name', cell: ({ name }) => name },
        {
          title: 'Model',
          cell: ({ config: { modelVersionId } }) => (
            <VersionLink version={versions.get(modelVersionId)} id={modelVersionId} />
          ),
        },
        {
          title: 'Healthy when',
          cell: ({ config }) => `value ${SYMBOLS[config.thresholdCmpOperator.kind]} ${config.threshold}`,
        },
        {
          title: 'Servable',
          cell: ({ config }) => {
            const known = config.servable
            const servable = servables.find(({ fullName }) => fullName === known?.fullName) ?? known
            return (
              <StatusBadge status={servable?.status ?? 'none'} message={servable?.statusMessage ?? null} />
            )
          },
        },
        {
          title: 'Actions',
          cell: ({ id, name }) => (
            <DeleteButton
              size="xs"
              what={`metric ${name}`}
              consequence="Requests are not checked by it any more, and its servable stops."
              onDelete={() => deleteMetric(id)}
            />
          ),
        },
      ]}
    />
  )
}
