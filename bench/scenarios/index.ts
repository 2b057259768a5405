import { batching, batchingLone } from './batching.ts'
import { gatewayGrpc, gatewayLone, gatewayRest, platformLists } from './gateway.ts'
import { grpcLarge } from './grpc-large.ts'
import { grpcSmall, grpcSmallMultiplexed } from './grpc-small.ts'
import { jsonCodec } from './json-codec.ts'
import { lightgbm } from './lightgbm.ts'
import type { LoadScenario, LoadScenarioResult } from './load-scenario.ts'
import type { ProbeScenario, ProbeScenarioResult } from './probe-scenario.ts'
import { pythonClass, pythonCrossing } from './python-class.ts'
import { restJsonSmall } from './rest-json-small.ts'
import { restLarge } from './rest-large.ts'
import { start } from './start.ts'
import type { StartScenario, StartScenarioResult } from './start-scenario.ts'
import { workerCrossing, workers } from './workers.ts'
import { xgboost } from './xgboost.ts'

export type Scenario = LoadScenario | ProbeScenario | StartScenario
export type ScenarioResult = LoadScenarioResult | ProbeScenarioResult | StartScenarioResult

/** Every scenario, in the order in which they run and are reported. */
export const SCENARIOS: readonly Scenario[] = [
  restJsonSmall,
  grpcSmall,
  grpcSmallMultiplexed,
  grpcLarge,
  restLarge,
  jsonCodec,
  batching,
  batchingLone,
  workers,
  workerCrossing,
  pythonClass,
  pythonCrossing,
  gatewayRest,
  gatewayGrpc,
  gatewayLone,
  platformLists,
  start,
  xgboost,
  lightgbm,
]
