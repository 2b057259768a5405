import type { JsonObject } from './json-file.ts'

/** Where a value was set. */
export interface Origin {
  /** Short, for lists of settings: `settings.json`, `environment MLSERVER_HTTP_PORT`. */
  readonly label: string
  /** Exact, for messages: the file with its folder. */
  readonly location: string
}

/** One place that settings come from, with values under the names of the settings file. */
export interface SettingsSource {
  readonly values: JsonObject
  /** Where a value was set; `path` is a field, or a field and its members. */
  originOf(path: readonly string[]): Origin
}

/** A settings file, already read. */
export function fileSource(values: JsonObject, label: string, location: string): SettingsSource {
  const origin = { label, location }
  return { values, originOf: () => origin }
}
