import { scenarioSuite } from './scenario-suite.ts'
import { startServer } from './target.ts'

// The same table: nobody can tell from an answer where a model runs.
scenarioSuite(() =>
  startServer({
    settings: { parallel_workers: 1, worker_kind: 'process' },
    environment: { MILLRACE_MODEL_PLACEMENT: 'worker' },
  }),
)
