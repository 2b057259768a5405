import type { RuntimeRecord, StringMap } from '../../store/index.ts'

/** A runtime that can be used. Its types have a key in the singular here, and only here. */
export interface RuntimeJson {
  readonly id: number
  readonly name: string
  readonly version: string
  readonly suitableModelType: readonly string[]
  readonly tags: readonly string[]
  readonly configParams: StringMap
}

/** How far a registration is. What is not there is left out. */
export interface PullJson extends Omit<RuntimeJson, 'suitableModelType'> {
  readonly suitableModelTypes: readonly string[]
  readonly startedAt: string
  readonly status: RuntimeRecord['status']
  readonly finishedAt?: string
  readonly statusText?: string
  readonly runtime?: RuntimeJson
}

export function toRuntimeJson({
  id,
  name,
  version,
  modelTypes,
  tags,
  configParams,
}: RuntimeRecord): RuntimeJson {
  return { id, name, version, suitableModelType: modelTypes, tags, configParams }
}

export function toPullJson(runtime: RuntimeRecord): PullJson {
  const { id, name, version, modelTypes, tags, configParams, status, statusText, started, finished } = runtime
  return {
    id,
    name,
    version,
    suitableModelTypes: modelTypes,
    tags,
    configParams,
    startedAt: withoutZone(started),
    ...(finished === undefined ? {} : { finishedAt: withoutZone(finished) }),
    status,
    ...(statusText === undefined ? {} : { statusText }),
    ...(status === 'Finished' ? { runtime: toRuntimeJson(runtime) } : {}),
  }
}

/** Version 1 says neither zone nor fractions; it means UTC. */
function withoutZone(time: string): string {
  return time.slice(0, 19)
}
