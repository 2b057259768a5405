import { Button, Group, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { DriftReportJson } from '../api/drift-json.ts'
import { driftReportQuery, driftSupportQuery } from '../api/monitoring-queries.ts'
import { DataTable } from '../parts/data-table.tsx'
import { Empty } from '../parts/empty.tsx'
import { QueryView } from '../parts/query-view.tsx'

/** Whether requests still look like training data; the report is made on demand. */
export function Drift({ versionId }: { readonly versionId: number }) {
  const support = useQuery(driftSupportQuery(versionId))
  const [isAsked, setAsked] = useState(false)
  return (
    <QueryView query={support} what="whether there is a drift report">
      {({ supported, description }) => {
        if (!supported) return <Empty title="There is no drift report yet.">{description}</Empty>
        if (isAsked) return <Report versionId={versionId} />
        return (
          <Group>
            <Button variant="default" onClick={() => setAsked(true)}>
              Make drift report
            </Button>
          </Group>
        )
      }}
    </QueryView>
  )
}

function Report({ versionId }: { readonly versionId: number }) {
  const report = useQuery(driftReportQuery(versionId))
  return (
    <QueryView query={report} what="the drift report">
      {({ overall_probability_drift, warnings, per_feature_report }) => (
        <>
          <Text>
            Drift of {percent(overall_probability_drift)}: {warnings.final_decision}.
          </Text>
          {warnings.report.map(warning => (
            <Text key={warning} size="sm">
              {warning}
            </Text>
          ))}
          <DataTable
            caption="Drift by input"
            rows={Object.entries(per_feature_report).map(([name, feature]) => ({ name, ...feature }))}
            keyOf={({ name }) => name}
            columns={[
              { title: 'Input', cell: ({ name }) => name },
              { title: 'Drift', cell: feature => percent(feature['drift-probability']) },
              { title: 'What has changed', cell: changesOf },
            ]}
          />
        </>
      )}
    </QueryView>
  )
}

function changesOf({ statistics }: DriftReportJson['per_feature_report'][string]): string {
  const changed = Object.entries(statistics ?? {}).filter(([, { has_changed }]) => has_changed)
  return changed.length === 0 ? 'nothing' : changed.map(([name, { message }]) => message || name).join('; ')
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
