import { fileURLToPath } from 'node:url'
import { millrace } from '../contestants/millrace.ts'
import { mlserverWithoutWorker } from '../contestants/mlserver.ts'
import type { StartScenario } from './start-scenario.ts'

const EXAMPLES = fileURLToPath(new URL('../../examples/repository/', import.meta.url))

export const start: StartScenario = {
  kind: 'start',
  name: 'start',
  title: 'Start to ready, and resident memory when idle',
  entries: [
    {
      contestant: millrace('Millrace, all examples', EXAMPLES),
      maxResidentBytes: null,
      maxStartMs: 2000,
    },
    {
      contestant: millrace('Millrace, examples without ONNX', `${EXAMPLES}sentiment-words`),
      maxResidentBytes: 150 * 1_000_000,
      maxStartMs: 2000,
    },
    { contestant: mlserverWithoutWorker, maxResidentBytes: null, maxStartMs: null },
  ],
}
