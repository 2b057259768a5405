import { isJsonObject, type JsonObject } from './json-file.ts'
import type { Origin, SettingsSource } from './settings-source.ts'

export interface MergedSettings {
  readonly values: JsonObject
  /** The origin of each field, and of each member of objects (`cors_settings.max_age`). */
  readonly origins: ReadonlyMap<string, Origin>
}

/**
 * Joins sources, the strongest first. Objects merge member by member; anything else, lists too, is
 * taken whole from the strongest source that has it.
 */
export function mergeSources(sources: readonly SettingsSource[]): MergedSettings {
  const origins = new Map<string, Origin>()
  const layers = sources.map(source => ({ source, value: source.values }))
  return { values: mergeObjects(layers, [], origins), origins }
}

interface Layer<T> {
  readonly source: SettingsSource
  readonly value: T
}

function mergeObjects(
  layers: readonly Layer<JsonObject>[],
  path: readonly string[],
  origins: Map<string, Origin>,
): JsonObject {
  const names = new Set(layers.flatMap(({ value }) => Object.keys(value)))
  return Object.fromEntries(
    [...names].map(name => {
      const having = layers
        .filter(({ value }) => Object.hasOwn(value, name))
        .map(({ source, value }) => ({ source, value: value[name] }))
      return [name, mergeValues(having, [...path, name], origins)]
    }),
  )
}

function mergeValues(
  layers: readonly Layer<unknown>[],
  path: readonly string[],
  origins: Map<string, Origin>,
): unknown {
  const strongest = layers[0]!
  origins.set(path.join('.'), strongest.source.originOf(path))
  if (!isJsonObject(strongest.value)) return strongest.value
  const objects: Layer<JsonObject>[] = []
  for (const { source, value } of layers) {
    // What lies below a value that is no object has been replaced by that value.
    if (!isJsonObject(value)) break
    objects.push({ source, value })
  }
  return mergeObjects(objects, path, origins)
}
