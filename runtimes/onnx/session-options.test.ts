import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listSupportedBackends } from 'onnxruntime-node'
import { checkFreeDimensions, readSessionOptions } from './session-options.ts'

const folder = '/models/iris'
const read = (extra: Readonly<Record<string, unknown>>) => readSessionOptions(extra, folder)

test('defaults: one thread, every optimization, CPU, no output of its own', () => {
  assert.deepEqual(read({}), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    executionProviders: ['cpu'],
    logSeverityLevel: 4,
  })
})

test('every option is passed on, and threads between operators switch the parallel mode on', () => {
  const options = read({
    intra_op_threads: 0,
    inter_op_threads: 2,
    graph_optimization_level: 'basic',
    execution_providers: [{ name: 'cpu', use_arena: false }],
    cpu_memory_arena: false,
    memory_pattern: false,
    free_dimension_overrides: { rows: 4 },
    session_config: { 'session.intra_op.allow_spinning': false, 'session.dynamic_block_base': 4 },
    profile_file_prefix: 'profiles/run',
    optimized_model_file: 'optimized.onnx',
  })
  assert.deepEqual(options, {
    intraOpNumThreads: 0,
    interOpNumThreads: 2,
    executionMode: 'parallel',
    graphOptimizationLevel: 'basic',
    executionProviders: [{ name: 'cpu', useArena: false }],
    enableCpuMemArena: false,
    enableMemPattern: false,
    freeDimensionOverrides: { rows: 4 },
    extra: { 'session.intra_op.allow_spinning': '0', 'session.dynamic_block_base': '4' },
    enableProfiling: true,
    profileFilePrefix: '/models/iris/profiles/run',
    optimizedModelFilePath: '/models/iris/optimized.onnx',
    logSeverityLevel: 4,
  })
  assert.equal(read({ execution_mode: 'parallel' }).executionMode, 'parallel')
})

test('overrides are for free dimensions that the graph has', () => {
  const options = read({ free_dimension_overrides: { row: 4 } })
  assert.throws(() => checkFreeDimensions(options, new Set(['rows', 'columns'])), {
    code: 'INVALID_ARGUMENT',
    message: 'parameters.extra.free_dimension_overrides.row is 4; allowed is for "rows", "columns"',
  })
  assert.throws(() => checkFreeDimensions(options, new Set()), /the graph names no free dimension$/)
  checkFreeDimensions(options, new Set(['row']))
})

const threads = 'an integer from 0 (one per core) to 1024'
const levels = 'one of "disabled", "basic", "extended", "layout", "all"'
const providers = `a list of at least one of ${listSupportedBackends()
  .map(({ name }) => `"${name}"`)
  .join(', ')}, or of objects with such a "name" and its options`
const file = "the path of a file in the model's folder"
const extents = 'an integer from 1 to 2147483647'

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
  ['execution_providers', ['abacus', 'cpu'], `${providers}, each once`],
  ['execution_providers', ['cpu', { name: 'cpu' }], `${providers}, each once`],
  ['execution_providers', [{}], `${providers}, each once`],
  ['execution_mode', 'fast', 'one of "sequential", "parallel"'],
  ['cpu_memory_arena', 1, 'true or false'],
  ['memory_pattern', 'yes', 'true or false'],
  ['free_dimension_overrides', [4], 'an object of at most 256 extents by the name of a free dimension'],
  ['session_config', 'fast', 'an object of values by the name of an entry'],
  ['profile_file_prefix', '../run', file],
  ['profile_file_prefix', '/tmp/run', file],
  ['profile_file_prefix', '', file],
  ['optimized_model_file', '.', file],
] as const) {
  test(`${field} may not be ${JSON.stringify(value)}`, () => {
    assert.throws(() => read({ [field]: value }), {
      code: 'INVALID_ARGUMENT',
      message: `parameters.extra.${field} is ${JSON.stringify(value)}; allowed is ${allowed}`,
    })
  })
}

for (const [extra, message] of [
  [{ free_dimension_overrides: { rows: 0 } }, `free_dimension_overrides.rows is 0; allowed is ${extents}`],
  [
    { inter_op_threads: 4, execution_mode: 'sequential' },
    'inter_op_threads is 4; allowed is 1, because execution_mode is "sequential"',
  ],
  [
    { execution_providers: [{ name: 'cpu', arena: 1 }] },
    'execution_providers.cpu.arena is 1; allowed is "use_arena"',
  ],
  [
    { execution_providers: [{ name: 'cpu', use_arena: 1 }] },
    'execution_providers.cpu.use_arena is 1; allowed is true or false',
  ],
  [
    { execution_providers: [{ name: 'cpu', constructor: 1 }] },
    'execution_providers.cpu.constructor is 1; allowed is "use_arena"',
  ],
] as const) {
  test(`refused: ${message}`, () => {
    assert.throws(() => read(extra), { code: 'INVALID_ARGUMENT', message: `parameters.extra.${message}` })
  })
}

test("an entry of the session's configuration must be a known one, and its value short", () => {
  assert.throws(() => read({ session_config: { 'session.nonsense': 1 } }), {
    code: 'INVALID_ARGUMENT',
    message: /^parameters\.extra\.session_config\.session\.nonsense is 1; allowed is for "mlas/,
  })
  assert.throws(
    () => read({ session_config: { 'session.dynamic_block_base': 'x'.repeat(257) } }),
    /allowed is a number, true, false, or a text of up to 256 characters$/,
  )
})

test('a misspelt option is not passed over', () => {
  assert.throws(() => read({ intra_op_thread: 4 }), {
    code: 'INVALID_ARGUMENT',
    message: /^parameters\.extra\.intra_op_thread is not an option; options are intra_op_threads, /,
  })
})

test('libraries of custom operators are refused with the reason', () => {
  assert.throws(() => read({ custom_op_libraries: ['x.so'] }), {
    code: 'INVALID_ARGUMENT',
    message: /custom_op_libraries cannot be served: ONNX Runtime's binding for Node.js does not load/,
  })
})
