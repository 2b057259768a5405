import type { ModelSettingsFields } from './model-settings-schema.ts'

const NO_ENVIRONMENTS = 'this version runs no Python environments'
const NO_WORKERS = 'this version runs models in the server process'

/** One warning for each field that is set and does nothing yet. A feature that comes to life takes its line out. */
export function warnAboutModelSettingsWithoutEffect(fields: ModelSettingsFields): string[] {
  const parameters = fields.parameters ?? {}
  const set: readonly (readonly [string, unknown, string])[] = [
    [
      'max_batch_size',
      (fields.max_batch_size ?? 0) > 1 && fields.max_batch_size,
      'this version does not batch requests',
    ],
    ['cache_enabled', fields.cache_enabled, 'this version does not cache responses'],
    ['parallel_workers', Math.max(fields.parallel_workers ?? 0, 0), NO_WORKERS],
    ['warm_workers', fields.warm_workers, NO_WORKERS],
    ['parameters.environment_path', parameters.environment_path, NO_ENVIRONMENTS],
    ['parameters.environment_tarball', parameters.environment_tarball, NO_ENVIRONMENTS],
    ['parameters.inference_pool_gid', parameters.inference_pool_gid, NO_WORKERS],
    ['parameters.autogenerate_inference_pool_gid', parameters.autogenerate_inference_pool_gid, NO_WORKERS],
  ]
  return set.flatMap(([name, value, reason]) =>
    // False, 0, null and "not set" are what happens anyway.
    value ? [`${name} is set to ${JSON.stringify(value)}: ${reason}`] : [],
  )
}
