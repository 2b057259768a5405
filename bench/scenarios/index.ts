import { grpcLarge } from './grpc-large.ts'
import { grpcSmall, grpcSmallMultiplexed } from './grpc-small.ts'
import type { LoadScenario, LoadScenarioResult } from './load-scenario.ts'
import { restJsonSmall } from './rest-json-small.ts'
import { restLarge } from './rest-large.ts'
import { start } from './start.ts'
import type { StartScenario, StartScenarioResult } from './start-scenario.ts'

export type Scenario = LoadScenario | StartScenario
export type ScenarioResult = LoadScenarioResult | StartScenarioResult

/** Every scenario, in the order in which they run and are reported. */
export const SCENARIOS: readonly Scenario[] = [
  restJsonSmall,
  grpcSmall,
  grpcSmallMultiplexed,
  grpcLarge,
  restLarge,
  start,
]
