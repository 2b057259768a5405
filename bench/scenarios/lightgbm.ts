import type { ProbeScenario } from './probe-scenario.ts'

export const lightgbm: ProbeScenario = {
  kind: 'probe',
  name: 'lightgbm',
  title: '500 trees of depth 6 over 50 features, without a server, against one thread of LightGBM',
  program: 'lightgbm.ts',
  cores: 'one',
  figures: [
    { name: 'oneRatio', what: 'lightgbm 1 row: time of LightGBM against ours', unit: '×', atLeast: 5 },
    { name: 'manyRatio', what: 'lightgbm 1,000 rows: time of LightGBM against ours', unit: '×', atLeast: 1 },
    { name: 'oneUs', what: 'ours, 1 row, request to response', unit: 'µs' },
    { name: 'peerOneUs', what: 'LightGBM, 1 row', unit: 'µs' },
    { name: 'manyUs', what: 'ours, 1,000 rows, request to response', unit: 'µs' },
    { name: 'peerManyUs', what: 'LightGBM, 1,000 rows', unit: 'µs' },
  ],
}
