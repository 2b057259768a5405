import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listSupportedBackends } from 'onnxruntime-node'
import { readSessionOptions } from './session-options.ts'

test('defaults: one thread, every optimization, CPU, no output of its own', () => {
  assert.deepEqual(readSessionOptions({}), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    executionProviders: ['cpu'],
    logSeverityLevel: 4,
  })
})

test('every option is passed on, and threads between operators switch the parallel mode on', () => {
  const options = readSessionOptions({
    intra_op_threads: 0,
    inter_op_threads: 2,
    graph_optimization_level: 'basic',
    execution_providers: ['cpu'],
  })
  assert.equal(options.intraOpNumThreads, 0)
  assert.equal(options.interOpNumThreads, 2)
  assert.equal(options.executionMode, 'parallel')
  assert.equal(options.graphOptimizationLevel, 'basic')
  assert.deepEqual(options.executionProviders, ['cpu'])
})

const threads = 'an integer from 0 (one per core) to 1024'
const levels = 'one of "disabled", "basic", "extended", "layout", "all"'
const providers = `a list of at least one of ${listSupportedBackends()
  .map(({ name }) => `"${name}"`)
  .join(', ')}`

for (const [field, value, allowed] of [
  ['intra_op_threads', -1, threads],
  ['intra_op_threads', 1.5, threads],
  ['intra_op_threads', 1025, threads],
  ['intra_op_threads', '2', threads],
  ['inter_op_threads', true, threads],
  ['graph_optimization_level', 'most', levels],
  ['graph_optimization_level', 99, levels],
  ['execution_providers', 'cpu', providers],
  ['execution_providers', [], providers],
  ['execution_providers', ['abacus', 'cpu'], providers],
  ['execution_providers', [{ name: 'cpu' }], providers],
] as const) {
  test(`${field} may not be ${JSON.stringify(value)}`, () => {
    assert.throws(() => readSessionOptions({ [field]: value }), {
      code: 'INVALID_ARGUMENT',
      message: `parameters.extra.${field} is ${JSON.stringify(value)}; allowed is ${allowed}`,
    })
  })
}

test('a misspelt option is not passed over', () => {
  assert.throws(() => readSessionOptions({ intra_op_thread: 4 }), {
    code: 'INVALID_ARGUMENT',
    message:
      'parameters.extra.intra_op_thread is not an option; options are intra_op_threads, inter_op_threads, graph_optimization_level, execution_providers',
  })
})
