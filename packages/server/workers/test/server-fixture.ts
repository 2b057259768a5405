/**
 * A program with one worker process, for tests that end it: `node server-fixture.ts FOLDER`, with a model in the
 * folder. Writes the worker's process id to standard output, has the model answer if a second argument says so,
 * and then does nothing. SIGTERM ends it at once.
 */
import { createLogger } from '../../base/index.ts'
import type { ModelVersionSettings } from '../../repository/index.ts'
import { createEnvironments, createWorkerPools } from '../index.ts'
import { requestOf, testCall } from './pool-bed.ts'

const folder = process.argv[2]!
const log = createLogger({ isStructured: true, level: 'silent' })
const pools = createWorkerPools({
  kind: 'process',
  workerCount: 1,
  stopTimeoutMs: 1000,
  loadTimeoutMs: 10_000,
  environments: createEnvironments({ folder, log }),
  log,
})
const settings = {
  name: 'test',
  implementation: './model.ts:TestModel',
  folder,
  inputs: [],
  outputs: [],
  parameters: {},
} as object as ModelVersionSettings
const record = () => () => {}
const metrics = { counter: record, gauge: record, histogram: record }
const model = await pools.load(settings, { signal: new AbortController().signal, log, metrics })
const [worker] = await pools.statistics()
process.stdout.write(`${worker!.id}\n`)
process.on('SIGTERM', () => process.exit(0))
if (process.argv[3] === 'ask') await model.predict(requestOf(), testCall())
