import type { ServerSettingsFields } from './server-settings-schema.ts'

/**
 * Fields that are kept and shown but do nothing yet, with the reason. A feature that comes to life
 * takes its line out of here.
 */
const WITHOUT_EFFECT: readonly (readonly [keyof ServerSettingsFields, string])[] = [
  ['metrics_dir', 'metrics of workers are gathered in memory, not in files'],
  [
    'logging_settings',
    "configurations of Python's logging module have no meaning here; see use_structured_logging and debug",
  ],
]

/** One warning for each field that differs from its default and does nothing. */
export function warnAboutSettingsWithoutEffect(
  fields: ServerSettingsFields,
  defaults: Readonly<Record<string, unknown>>,
): string[] {
  return WITHOUT_EFFECT.flatMap(([name, reason]) => {
    const value = fields[name]
    if (JSON.stringify(value) === JSON.stringify(defaults[name])) return []
    return [`${name} is set to ${JSON.stringify(value)}: ${reason}`]
  })
}
