import type { ApplicationBody, ApplicationJson } from './application-json.ts'
import { ask, askText } from './ask.ts'
import type { ConfigurationJson } from './configuration-json.ts'
import type { MetricBody, MetricJson } from './metric-json.ts'

/** What changes something. Each rejects with an ApiError that says why not. */

const path = (kind: string, name: string | number) => `/api/v2/${kind}/${encodeURIComponent(name)}`

export const deleteModel = (id: number) => ask<object>(path('model', id), { method: 'DELETE' })

export const deleteServable = (fullName: string) =>
  ask<object>(path('servable', fullName), { method: 'DELETE' })

export const deployServable = (body: {
  readonly modelName: string
  readonly version: number
  readonly deploymentConfigName: string | null
}) => ask<object>('/api/v2/servable', { method: 'POST', body })

export const saveApplication = (body: ApplicationBody) =>
  ask<ApplicationJson>('/api/v2/application', { method: body.id === undefined ? 'POST' : 'PUT', body })

export const deleteApplication = (name: string) =>
  ask<object>(path('application', name), { method: 'DELETE' })

export const createConfiguration = (body: ConfigurationJson) =>
  ask<ConfigurationJson>('/api/v2/deployment_configuration', { method: 'POST', body })

export const deleteConfiguration = (name: string) =>
  ask<object>(path('deployment_configuration', name), { method: 'DELETE' })

export const createMetric = (body: MetricBody) =>
  ask<MetricJson>('/api/v2/monitoring/metricspec', { method: 'POST', body })

export const deleteMetric = (id: string) =>
  ask<object>(`/api/v2/monitoring/metricspec/${encodeURIComponent(id)}`, { method: 'DELETE' })

export const predictionPath = (application: string) =>
  `/gateway/application/${encodeURIComponent(application)}`

/** Asks an application with this text, and gives the text of its answer. */
export const predict = (application: string, body: string) =>
  askText(predictionPath(application), { method: 'POST', body })
