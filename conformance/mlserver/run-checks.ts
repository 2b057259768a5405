import type { Check, Outcome } from './check.ts'
import type { LaunchedServer, Launcher } from './launchers/launcher.ts'
import { phases, runCheck, SHARED_MODELS } from './suite.ts'
import type { Server, Target } from './target/target.ts'

export interface RunOptions {
  readonly checks: readonly Check[]
  /** Starts servers; null if there is nothing but `server`. */
  readonly launcher: Launcher | null
  /** The server that checks share; without it one is launched. */
  readonly server?: Server
  readonly onOutcome?: (check: Check, outcome: Outcome) => void
}

/** Runs all checks against one kind of server, as many at once as may be. */
export async function runChecks(options: RunOptions): Promise<ReadonlyMap<string, Outcome>> {
  const { launcher, checks } = options
  const outcomes = new Map<string, Outcome>()
  const launched = await sharedServer(options)
  const server = options.server ?? launched
  if (server === undefined) throw new Error('neither a server nor a launcher is given')
  const target: Target = {
    rest: server.rest,
    grpc: server.grpc,
    metrics: server.metrics,
    launcher,
  }
  try {
    for (const phase of phases(checks)) {
      const waiting = [...phase.checks]
      const lane = async () => {
        for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
          const outcome = await runCheck(check, target)
          outcomes.set(check.id, outcome)
          options.onOutcome?.(check, outcome)
        }
      }
      await Promise.all(Array.from({ length: phase.atOnce }, lane))
    }
  } finally {
    await launched?.dispose()
  }
  return outcomes
}

function sharedServer({ launcher, server, checks }: RunOptions): Promise<LaunchedServer> | undefined {
  const isNeeded = server === undefined && launcher !== null && checks.length > 0
  return isNeeded ? launcher.launch({ models: SHARED_MODELS }) : undefined
}
