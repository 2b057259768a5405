import type { CheckedRequest } from '../checks/check-document.ts'
import type { KeptRecord } from '../records/kept-record.ts'

/** As Alertmanager takes them. */
export interface Alert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly startsAt: string
}

/** An alert for each field and each metric that has failed. */
export function alertsOf(record: KeptRecord, { failedFields, failedMetrics }: CheckedRequest): Alert[] {
  const { servable, application, requestId, recordedAt } = record
  const startsAt = recordedAt.toISOString()
  const labels = {
    modelVersionId: String(servable.modelVersionId),
    modelName: servable.modelName,
    requestId,
    applicationName: application?.name ?? '',
  }
  const model = `${servable.modelName}:${servable.modelVersion}`
  return [
    ...failedFields.map(([fieldName, { checked, passed, shown }]) => ({
      labels: { alertname: 'MillraceFieldCheck', ...labels, fieldName },
      annotations: {
        summary: `${model}: field ${fieldName} is not as it was in training`,
        description: `${checked - passed} of ${checked} checks failed, among them ${describe(shown[0])}`,
      },
      startsAt,
    })),
    ...failedMetrics.map(([metric, view]) => ({
      labels: { alertname: 'MillraceMetricCheck', ...labels, metricSpecId: view.metricSpecId ?? '' },
      annotations: {
        summary: `${model}: metric ${metric} is not healthy`,
        description: view.error ?? describe(view),
      },
      startsAt,
    })),
  ]
}

function describe(
  check:
    | { readonly description: string; readonly value: number | null; readonly threshold: number }
    | undefined,
): string {
  if (check === undefined) return 'one that is not kept'
  return `${check.description}, which is ${check.threshold}, with the value ${check.value ?? 'NaN'}`
}
