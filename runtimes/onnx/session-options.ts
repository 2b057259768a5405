import { ServingError } from '@millrace/sdk'
import { type InferenceSession, listSupportedBackends } from 'onnxruntime-node'

const MOST_THREADS = 1024
const OPTIMIZATION_LEVELS = ['disabled', 'basic', 'extended', 'layout', 'all'] as const
const FIELDS = ['intra_op_threads', 'inter_op_threads', 'graph_optimization_level', 'execution_providers']

type Extra = Readonly<Record<string, unknown>>

/**
 * Reads a session's options from `parameters.extra`. Defaults: one thread, all optimizations, CPU.
 * @throws ServingError INVALID_ARGUMENT naming the field, its value and what is allowed.
 */
export function readSessionOptions(extra: Extra): InferenceSession.SessionOptions {
  const unknown = Object.keys(extra).find(field => !FIELDS.includes(field))
  if (unknown !== undefined)
    throw new ServingError(
      'INVALID_ARGUMENT',
      `parameters.extra.${unknown} is not an option; options are ${FIELDS.join(', ')}`,
    )

  const interOpNumThreads = threads(extra, 'inter_op_threads')
  return {
    intraOpNumThreads: threads(extra, 'intra_op_threads'),
    interOpNumThreads,
    // Threads between operators are used in this mode alone.
    executionMode: interOpNumThreads === 1 ? 'sequential' : 'parallel',
    graphOptimizationLevel: optimizationLevel(extra),
    executionProviders: executionProviders(extra),
    // Fatal only: what ONNX Runtime prints goes past the server's log, and whoever sends requests that
    // fail could fill the disk with it. Every error reaches us as an exception.
    logSeverityLevel: 4,
  }
}

/** 1 unless set: with one session per worker, more threads than cores cost time (0: one per core). */
function threads(extra: Extra, field: string): number {
  const value = extra[field] ?? 1
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MOST_THREADS)
    return value
  throw notAllowed(field, value, `an integer from 0 (one per core) to ${MOST_THREADS}`)
}

function optimizationLevel(extra: Extra): (typeof OPTIMIZATION_LEVELS)[number] {
  const value = extra.graph_optimization_level ?? 'all'
  const level = OPTIMIZATION_LEVELS.find(candidate => candidate === value)
  if (level !== undefined) return level
  throw notAllowed('graph_optimization_level', value, `one of ${quoted(OPTIMIZATION_LEVELS)}`)
}

function executionProviders(extra: Extra): readonly string[] {
  const value = extra.execution_providers ?? ['cpu']
  const known = listSupportedBackends().map(({ name }) => name)
  // ONNX Runtime would drop an unknown one and go on with the rest.
  if (isListOf(value, known) && value.length > 0) return value
  throw notAllowed('execution_providers', value, `a list of at least one of ${quoted(known)}`)
}

function isListOf(value: unknown, known: readonly string[]): value is readonly string[] {
  return Array.isArray(value) && value.every(name => known.some(other => other === name))
}

function quoted(values: readonly string[]): string {
  return values.map(value => `"${value}"`).join(', ')
}

function notAllowed(field: string, value: unknown, allowed: string): ServingError {
  return new ServingError(
    'INVALID_ARGUMENT',
    `parameters.extra.${field} is ${JSON.stringify(value)}; allowed is ${allowed}`,
  )
}
