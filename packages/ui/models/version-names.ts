import type { VersionJson } from '../api/model-json.ts'

/** `scaler:3` */
export function versionName({ model, modelVersion }: Pick<VersionJson, 'model' | 'modelVersion'>): string {
  return `${model.name}:${modelVersion}`
}

export function runtimeName({ runtime }: Pick<VersionJson, 'runtime'>): string {
  return runtime === null || runtime === undefined ? '–' : `${runtime.name}:${runtime.tag}`
}

export function versionStatus({ isExternal, status }: Pick<VersionJson, 'isExternal' | 'status'>): string {
  return isExternal ? 'external' : (status ?? 'unknown')
}
