import type { ModelSettingsFields } from './model-settings-schema.ts'

/** One warning for each field that is set and does nothing, with the reason. */
export function warnAboutModelSettingsWithoutEffect(fields: ModelSettingsFields): string[] {
  if (fields.warm_workers !== true) return []
  return ['warm_workers is set to true: a model is ready only when every worker of its pool has it']
}
