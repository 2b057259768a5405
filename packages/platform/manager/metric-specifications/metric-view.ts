import type { MetricSpecificationRecord, ServableRecord, StoreTables } from '../../store/index.ts'
import { type ServableView, servableView } from '../servables/servable-view.ts'

/** A metric specification as clients see it. */
export interface MetricView {
  readonly id: string
  readonly name: string
  readonly modelVersionId: number
  readonly config: {
    readonly modelVersionId: number
    readonly threshold: number
    readonly thresholdCmpOperator: { readonly kind: MetricSpecificationRecord['operator'] }
    readonly servable: ServableView | null
    readonly deploymentConfigName: string | null
  }
}

function metricView(metric: MetricSpecificationRecord, servable: ServableRecord | undefined): MetricView {
  return {
    id: metric.id,
    name: metric.name,
    modelVersionId: metric.versionId,
    config: {
      modelVersionId: metric.metricVersionId,
      threshold: metric.threshold,
      thresholdCmpOperator: { kind: metric.operator },
      servable: servable === undefined ? null : servableView(servable),
      deploymentConfigName: metric.deploymentConfiguration ?? null,
    },
  }
}

/** Looks up their servables. */
export async function metricViews(
  { servables }: Pick<StoreTables, 'servables'>,
  metrics: readonly MetricSpecificationRecord[],
): Promise<readonly MetricView[]> {
  const fullNames = metrics.flatMap(({ servableName }) => servableName ?? [])
  const byName = new Map(
    (await servables.list({ fullNames })).map(servable => [servable.fullName, servable] as const),
  )
  return metrics.map(metric =>
    metricView(metric, metric.servableName === undefined ? undefined : byName.get(metric.servableName)),
  )
}
