import type { RuntimeChoice } from '../../deploy/index.ts'
import type { StringMap } from '../../store/index.ts'
import { PAYLOAD_LIMITS, type PayloadArchiveLimits } from '../payload/payload-limits.ts'

/** How versions are built. */
export interface BuildOptions {
  readonly payload: PayloadArchiveLimits
  /** Builds at a time. */
  readonly concurrency: number
  /** Builds that wait; uploads beyond are refused. */
  readonly queueMax: number
  readonly installTimeoutMs: number
  readonly installOutputBytesMax: number
  /** Further variables for install commands: a private index for all, say. */
  readonly installVariables: StringMap
  /** What the deploy driver runs. A version whose runtime is of another kind fails when it is built. */
  readonly runtimeKinds: readonly RuntimeChoice['kind'][]
}

export const BUILD_DEFAULTS: BuildOptions = {
  payload: PAYLOAD_LIMITS,
  concurrency: 2,
  queueMax: 1_000,
  installTimeoutMs: 30 * 60_000,
  installOutputBytesMax: 64 * 1024 * 1024,
  installVariables: {},
  runtimeKinds: ['built-in', 'program'],
}
