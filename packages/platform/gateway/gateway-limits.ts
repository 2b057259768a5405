import { ServingError } from '@millrace/sdk'

/** What the gateway holds at most. */
export interface GatewayLimits {
  /** Longest that one call of a servable may take, within the caller's own deadline. Default 60,000. */
  readonly servableTimeoutMs: number
  /** Longest that a variant may take whose answer nobody waits for. Default 60,000. */
  readonly backgroundTimeoutMs: number
  /** Longest that a request waits for a servable that has to be started, within the caller's own deadline. Default 120,000. */
  readonly startTimeoutMs: number
  /** Variants that answer at once without being waited for; more are left out and counted. Default 256. */
  readonly maxBackgroundCalls: number
  /** Bytes of their inputs. Default 256 MiB. */
  readonly maxBackgroundBytes: number
  /** Largest JSON body. Default 64 MiB. */
  readonly maxJsonBytes: number
  /** Largest answer of a servable. Default 512 MiB. */
  readonly maxResponseBytes: number
  /** Connections to each endpoint. Default 1. */
  readonly maxConnectionsPerEndpoint: number
  /** How long an endpoint is left out that could not be connected to. Default 1,000. */
  readonly leaveOutMs: number
}

const MIB = 1024 * 1024

const DEFAULTS: GatewayLimits = {
  servableTimeoutMs: 60_000,
  backgroundTimeoutMs: 60_000,
  startTimeoutMs: 120_000,
  maxBackgroundCalls: 256,
  maxBackgroundBytes: 256 * MIB,
  maxJsonBytes: 64 * MIB,
  maxResponseBytes: 512 * MIB,
  maxConnectionsPerEndpoint: 1,
  leaveOutMs: 1000,
}

/** The least that each may be, where it is not 1. */
const LEAST: Partial<Record<keyof GatewayLimits, number>> = {
  maxBackgroundCalls: 0,
  maxBackgroundBytes: 0,
  leaveOutMs: 0,
}

/** @throws ServingError INVALID_ARGUMENT for a limit that is no whole number, or too small */
export function completeLimits(given: Partial<GatewayLimits> = {}): GatewayLimits {
  const limits = { ...DEFAULTS, ...given }
  for (const name of Object.keys(DEFAULTS) as (keyof GatewayLimits)[]) {
    const least = LEAST[name] ?? 1
    if (Number.isSafeInteger(limits[name]) && limits[name] >= least) continue
    throw new ServingError(
      'INVALID_ARGUMENT',
      `${name} is ${limits[name]}; it must be a whole number of at least ${least}`,
    )
  }
  return limits
}
