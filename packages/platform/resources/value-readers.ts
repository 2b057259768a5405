import type { StringMap } from '../store/index.ts'
import type { ModelVersionName } from './resource.ts'
import type { YamlValue } from './yaml-value.ts'

/** Names and simple values by name, as texts. `undefined` when something is wrong, which has been noted. */
export function readStringMap(value: YamlValue | undefined, what: string): StringMap | undefined {
  if (value === undefined) return {}
  const entries = value.entries(what)
  if (entries === undefined) return undefined
  const texts = [...entries].map(([name, entry]) => [name, entry.scalarText()] as const)
  return texts.some(([, text]) => text === undefined)
    ? undefined
    : Object.fromEntries(texts as (readonly [string, string])[])
}

/** `name:version`; the version is a number that the manager has given. */
export function readModelVersionName(value: YamlValue): ModelVersionName | undefined {
  const text = value.text("a model version: 'name:version'")
  if (text === undefined) return undefined
  const match = /^([A-Za-z0-9_-]+):([1-9]\d{0,14})$/.exec(text)
  if (match === null)
    return value.problem(`'${text}' is not a model version; it must be 'name:version', as 'scaler:1'`)
  return { modelName: match[1]!, version: Number(match[2]) }
}

/** A text that may be left out. */
export function readOptionalText(value: YamlValue | undefined, what?: string): string | undefined {
  return value?.text(what)
}
