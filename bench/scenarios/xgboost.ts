import type { ProbeScenario } from './probe-scenario.ts'

export const xgboost: ProbeScenario = {
  kind: 'probe',
  name: 'xgboost',
  title: '500 trees of depth 6 over 50 features, without a server, against one thread of XGBoost',
  program: 'xgboost.ts',
  cores: 'one',
  figures: [
    { name: 'oneRatio', what: 'xgboost 1 row: time of XGBoost against ours', unit: '×', atLeast: 5 },
    { name: 'manyRatio', what: 'xgboost 1,000 rows: time of XGBoost against ours', unit: '×', atLeast: 1 },
    { name: 'oneUs', what: 'ours, 1 row, request to response', unit: 'µs' },
    { name: 'peerOneUs', what: 'XGBoost, 1 row', unit: 'µs' },
    { name: 'manyUs', what: 'ours, 1,000 rows, request to response', unit: 'µs' },
    { name: 'peerManyUs', what: 'XGBoost, 1,000 rows', unit: 'µs' },
  ],
}
