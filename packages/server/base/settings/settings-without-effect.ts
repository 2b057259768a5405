import type { ServerSettingsFields } from './server-settings-schema.ts'

const IN_PROCESS = 'this version runs models in the server process'
const NO_KAFKA = 'this version does not read from Kafka'
const NO_CACHE = 'this version does not cache responses'
const FOLDERS_ONLY = 'this version looks for models in a folder'

/**
 * Fields that are kept and shown but do nothing yet, with the reason. A feature that comes to life
 * takes its line out of here.
 */
const WITHOUT_EFFECT: readonly (readonly [keyof ServerSettingsFields, string])[] = [
  ['parallel_workers', IN_PROCESS],
  ['parallel_workers_timeout', IN_PROCESS],
  ['environments_dir', 'this version does not unpack Python environments'],
  ['model_repository_implementation', FOLDERS_ONLY],
  ['model_repository_implementation_args', FOLDERS_ONLY],
  ['cors_settings', 'this version sends no CORS headers'],
  ['root_path', 'this version answers with paths from the root'],
  ['metrics_dir', 'this version keeps metrics in memory'],
  ['logging_settings', 'this version does not read logging configurations of Python'],
  ['kafka_enabled', NO_KAFKA],
  ['kafka_servers', NO_KAFKA],
  ['kafka_topic_input', NO_KAFKA],
  ['kafka_topic_output', NO_KAFKA],
  ['tracing_server', 'this version does not send traces'],
  ['cache_enabled', NO_CACHE],
  ['cache_size', NO_CACHE],
]

/** One warning for each field that differs from its default and does nothing. */
export function warnAboutSettingsWithoutEffect(
  fields: ServerSettingsFields,
  defaults: Readonly<Record<string, unknown>>,
): string[] {
  return WITHOUT_EFFECT.flatMap(([name, reason]) => {
    const value = fields[name]
    if (JSON.stringify(value) === JSON.stringify(defaults[name])) return []
    // No workers is exactly what this version does.
    if (name === 'parallel_workers' && value === 0) return []
    return [`${name} is set to ${JSON.stringify(value)}: ${reason}`]
  })
}
