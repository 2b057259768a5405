import { SimpleGrid, Stack, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { CheckJson } from '../api/monitoring-json.ts'
import { metricsQuery } from '../api/queries.ts'
import { TimeChart } from '../parts/time-chart.tsx'
import { latencySeries, metricSeries } from './chart-series.ts'

/** Latency, and one chart for each metric that was asked. */
export function BatchCharts({
  versionId,
  checks,
}: {
  readonly versionId: number
  readonly checks: readonly CheckJson[]
}) {
  const { data: metrics = [] } = useQuery(metricsQuery())
  const latency = useMemo(() => latencySeries(checks), [checks])
  const names = useMemo(
    () =>
      [
        ...new Set(checks.flatMap(({ _hs_metric_checks }) => Object.keys(_hs_metric_checks ?? {}))),
      ].toSorted(),
    [checks],
  )
  const thresholdOf = (name: string): number | undefined => {
    const metric = metrics.find(metric => metric.modelVersionId === versionId && metric.name === name)
    if (metric !== undefined) return metric.config.threshold
    return (
      checks.find(({ _hs_metric_checks }) => _hs_metric_checks?.[name])?._hs_metric_checks?.[name]
        ?.threshold ?? undefined
    )
  }
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }}>
      <Stack gap={4}>
        <Title order={4} size="h6">
          Latency
        </Title>
        <TimeChart label="Latency in ms" series={latency} />
      </Stack>
      {names.map(name => (
        <MetricChart key={name} name={name} checks={checks} threshold={thresholdOf(name)} />
      ))}
    </SimpleGrid>
  )
}

interface MetricChartProps {
  readonly name: string
  readonly checks: readonly CheckJson[]
  readonly threshold: number | undefined
}

function MetricChart({ name, checks, threshold }: MetricChartProps) {
  const series = useMemo(() => metricSeries(checks, name), [checks, name])
  return (
    <Stack gap={4}>
      <Title order={4} size="h6">
        {name}
      </Title>
      <TimeChart label={name} series={series} {...(threshold === undefined ? {} : { threshold })} />
    </Stack>
  )
}
