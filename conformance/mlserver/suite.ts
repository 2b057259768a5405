import type { Check, Outcome } from './check.ts'
import { BATCHING_MODELS, batchingChecks } from './checks/batching.ts'
import { commandLineChecks } from './checks/command-line.ts'
import { grpcChecks } from './checks/grpc.ts'
import { lifeCycleChecks } from './checks/life-cycle.ts'
import { metricsChecks } from './checks/metrics.ts'
import { operationChecks } from './checks/operation.ts'
import { protocolBinaryChecks } from './checks/protocol-binary.ts'
import { protocolGrpcChecks } from './checks/protocol-grpc.ts'
import { protocolRestChecks } from './checks/protocol-rest.ts'
import { repositoryChecks } from './checks/repository.ts'
import { repositoryLoadChecks } from './checks/repository-load.ts'
import { restChecks } from './checks/rest.ts'
import { restBodyChecks } from './checks/rest-bodies.ts'
import { restPageChecks } from './checks/rest-pages.ts'
import { restStreamChecks } from './checks/rest-stream.ts'
import { workerChecks } from './checks/workers.ts'
import { Findings } from './findings.ts'
import type { PlacedModel } from './launchers/launcher.ts'
import type { Target } from './target/target.ts'

/** Every check, in the order of the table. */
export const CHECKS: readonly Check[] = [
  ...lifeCycleChecks,
  ...restChecks,
  ...restBodyChecks,
  ...restStreamChecks,
  ...restPageChecks,
  ...grpcChecks,
  ...repositoryChecks,
  ...repositoryLoadChecks,
  ...batchingChecks,
  ...workerChecks,
  ...metricsChecks,
  ...operationChecks,
  ...commandLineChecks,
  ...protocolRestChecks,
  ...protocolBinaryChecks,
  ...protocolGrpcChecks,
]

/** The models of the server that checks share, made of the folders of `repositories/…`. */
export const SHARED_MODELS: readonly PlacedModel[] = [
  ...BATCHING_MODELS,
  ...[
    'sum-model',
    'text-model',
    'text-stream-model',
    'error-model',
    'echo-model',
    'simple-model',
    'batch-model',
    'codec-model',
  ].map(probe => ({ folder: probe, probe })),
]

/** Runs one check; whatever happens becomes its outcome. */
export async function runCheck(check: Check, target: Target): Promise<Outcome> {
  if (check.isLaunching === true && target.launcher === null) {
    return { result: 'not run', seen: 'it starts servers of its own, and only addresses are known' }
  }
  const see = new Findings()
  try {
    await check.run(target, see)
  } catch (error) {
    see.fail(error instanceof Error ? error.message : String(error))
  }
  return see.outcome()
}

/** The order in which checks may run: those side by side, and after them those that must be alone. */
export function phases(checks: readonly Check[]): readonly { checks: readonly Check[]; atOnce: number }[] {
  const launching = checks.filter(({ isLaunching }) => isLaunching === true)
  const alone = checks.filter(({ isExclusive }) => isExclusive === true)
  return [
    { checks: checks.filter(check => !alone.includes(check) && !launching.includes(check)), atOnce: 4 },
    { checks: alone, atOnce: 1 },
    { checks: launching, atOnce: 3 },
  ]
}
