import { queryOptions } from '@tanstack/react-query'
import type { ApplicationJson } from './application-json.ts'
import { ask, askText } from './ask.ts'
import type { ConfigurationJson } from './configuration-json.ts'
import type { MetricJson } from './metric-json.ts'
import type { ModelJson, VersionJson } from './model-json.ts'
import type { ServableJson } from './servable-json.ts'

/** What the manager is asked for, and the keys under which answers are kept; events change them by these keys. */
export const KEYS = {
  models: ['models'],
  versions: ['versions'],
  applications: ['applications'],
  servables: ['servables'],
  configurations: ['configurations'],
  metrics: ['metrics'],
  monitoring: ['monitoring'],
} as const

const V2 = '/api/v2'

export const modelsQuery = () =>
  queryOptions({
    queryKey: KEYS.models,
    queryFn: ({ signal }) => ask<readonly ModelJson[]>(`${V2}/model`, { signal }),
  })

export const versionsQuery = () =>
  queryOptions({
    queryKey: KEYS.versions,
    queryFn: ({ signal }) => ask<readonly VersionJson[]>(`${V2}/model/version`, { signal }),
  })

export const applicationsQuery = () =>
  queryOptions({
    queryKey: KEYS.applications,
    queryFn: ({ signal }) => ask<readonly ApplicationJson[]>(`${V2}/application`, { signal }),
  })

/** A request that an application takes, as text. */
export const exampleQuery = (application: string) =>
  queryOptions({
    queryKey: ['example', application],
    queryFn: ({ signal }) =>
      askText(`${V2}/application/generateInputs/${encodeURIComponent(application)}`, { signal }),
    staleTime: 0,
    gcTime: 0,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  })

export const servablesQuery = () =>
  queryOptions({
    queryKey: KEYS.servables,
    queryFn: ({ signal }) => ask<readonly ServableJson[]>(`${V2}/servable`, { signal }),
  })

export const configurationsQuery = () =>
  queryOptions({
    queryKey: KEYS.configurations,
    queryFn: ({ signal }) => ask<readonly ConfigurationJson[]>(`${V2}/deployment_configuration`, { signal }),
  })

/** All metric specifications; few, so that one list serves every page. */
export const metricsQuery = () =>
  queryOptions({
    queryKey: KEYS.metrics,
    queryFn: ({ signal }) => ask<readonly MetricJson[]>(`${V2}/monitoring/metricspec`, { signal }),
  })

export const buildInfoQuery = () =>
  queryOptions({
    queryKey: ['build-info'],
    queryFn: async ({ signal }) => {
      const parts = {
        Manager: '/api/buildinfo',
        Gateway: '/gateway/buildinfo',
        Monitoring: '/monitoring/buildinfo',
      }
      return Promise.all(
        Object.entries(parts).map(async ([part, path]) => ({
          part,
          // One that is not there is shown as such, beside the others.
          info: await ask<Readonly<Record<string, unknown>>>(path, { signal }).catch((error: Error) => ({
            problem: error.message,
          })),
        })),
      )
    },
  })
