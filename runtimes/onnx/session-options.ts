import { isAbsolute, relative, resolve } from 'node:path'
import { ServingError } from '@millrace/sdk'
import type { InferenceSession } from 'onnxruntime-node'
import { readProviders } from './execution-providers.ts'
import { isObject, notAllowed, quoted } from './option-error.ts'
import { readSessionConfig } from './session-config.ts'

const MOST_THREADS = 1024
const MOST_FREE_DIMENSIONS = 256
const LARGEST_EXTENT = 2 ** 31 - 1
const OPTIMIZATION_LEVELS = ['disabled', 'basic', 'extended', 'layout', 'all'] as const
const EXECUTION_MODES = ['sequential', 'parallel'] as const
const FIELDS = [
  'intra_op_threads',
  'inter_op_threads',
  'execution_mode',
  'graph_optimization_level',
  'execution_providers',
  'cpu_memory_arena',
  'memory_pattern',
  'free_dimension_overrides',
  'session_config',
  'profile_file_prefix',
  'optimized_model_file',
]

type Extra = Readonly<Record<string, unknown>>

/**
 * Reads a session's options from `parameters.extra`. Defaults: one thread, all optimizations, CPU.
 * @param folder where files that ONNX Runtime is told to write go: they may not leave it
 * @throws ServingError INVALID_ARGUMENT naming the field, its value and what is allowed.
 */
export function readSessionOptions(extra: Extra, folder: string): InferenceSession.SessionOptions {
  const unknown = Object.keys(extra).find(field => !FIELDS.includes(field))
  if (unknown !== undefined) throw unknownField(unknown)

  const interOpNumThreads = threads(extra, 'inter_op_threads')
  const profileFilePrefix = fileIn(folder, extra, 'profile_file_prefix')
  const optimizedModelFilePath = fileIn(folder, extra, 'optimized_model_file')
  const enableCpuMemArena = truth(extra, 'cpu_memory_arena')
  const enableMemPattern = truth(extra, 'memory_pattern')
  const freeDimensionOverrides = freeDimensions(extra)
  const config = readSessionConfig(extra.session_config)
  return {
    intraOpNumThreads: threads(extra, 'intra_op_threads'),
    interOpNumThreads,
    executionMode: executionMode(extra, interOpNumThreads),
    graphOptimizationLevel: oneOf(extra, 'graph_optimization_level', OPTIMIZATION_LEVELS) ?? 'all',
    executionProviders: readProviders(extra.execution_providers ?? ['cpu']),
    ...(enableCpuMemArena !== undefined && { enableCpuMemArena }),
    ...(enableMemPattern !== undefined && { enableMemPattern }),
    ...(freeDimensionOverrides !== undefined && { freeDimensionOverrides }),
    ...(config !== undefined && { extra: config }),
    ...(profileFilePrefix !== undefined && { enableProfiling: true, profileFilePrefix }),
    ...(optimizedModelFilePath !== undefined && { optimizedModelFilePath }),
    // Fatal only: what ONNX Runtime prints goes past the server's log, and whoever sends requests that
    // fail could fill the disk with it. Every error reaches us as an exception.
    logSeverityLevel: 4,
  }
}

/**
 * Holds the overrides against the free dimensions that the graph has; ONNX Runtime passes over a name that it does not know.
 * @throws ServingError INVALID_ARGUMENT
 */
export function checkFreeDimensions(
  { freeDimensionOverrides }: InferenceSession.SessionOptions,
  names: ReadonlySet<string>,
): void {
  const unknown = Object.keys(freeDimensionOverrides ?? {}).find(name => !names.has(name))
  if (unknown === undefined) return
  const allowed = names.size === 0 ? 'nothing: the graph names no free dimension' : quoted([...names])
  const value = freeDimensionOverrides?.[unknown]
  throw notAllowed(`free_dimension_overrides.${unknown}`, value, `for ${allowed}`)
}

function unknownField(field: string): ServingError {
  const what =
    field === 'custom_op_libraries'
      ? "cannot be served: ONNX Runtime's binding for Node.js does not load libraries of custom operators"
      : `is not an option; options are ${FIELDS.join(', ')}`
  return new ServingError('INVALID_ARGUMENT', `parameters.extra.${field} ${what}`)
}

/** 1 unless set: with one session per worker, more threads than cores cost time (0: one per core). */
function threads(extra: Extra, field: string): number {
  const value = extra[field] ?? 1
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MOST_THREADS)
    return value
  throw notAllowed(field, value, `an integer from 0 (one per core) to ${MOST_THREADS}`)
}

/** Threads between operators are used in the parallel mode alone. */
function executionMode(extra: Extra, interOpNumThreads: number): (typeof EXECUTION_MODES)[number] {
  const mode = oneOf(extra, 'execution_mode', EXECUTION_MODES)
  if (mode === 'sequential' && interOpNumThreads !== 1)
    throw notAllowed('inter_op_threads', interOpNumThreads, '1, because execution_mode is "sequential"')
  return mode ?? (interOpNumThreads === 1 ? 'sequential' : 'parallel')
}

function oneOf<T extends string>(extra: Extra, field: string, values: readonly T[]): T | undefined {
  const value = extra[field]
  if (value === undefined) return undefined
  const found = values.find(candidate => candidate === value)
  if (found !== undefined) return found
  throw notAllowed(field, value, `one of ${quoted(values)}`)
}

function truth(extra: Extra, field: string): boolean | undefined {
  const value = extra[field]
  if (value === undefined || typeof value === 'boolean') return value
  throw notAllowed(field, value, 'true or false')
}

function freeDimensions(extra: Extra): Readonly<Record<string, number>> | undefined {
  const field = 'free_dimension_overrides'
  const value = extra[field]
  if (value === undefined) return undefined
  const allowed = `an object of at most ${MOST_FREE_DIMENSIONS} extents by the name of a free dimension`
  if (!isObject(value) || Object.keys(value).length > MOST_FREE_DIMENSIONS)
    throw notAllowed(field, value, allowed)
  const entries = Object.entries(value).map(([name, extent]): [string, number] => {
    if (typeof extent === 'number' && Number.isInteger(extent) && extent > 0 && extent <= LARGEST_EXTENT)
      return [name, extent]
    throw notAllowed(`${field}.${name}`, extent, `an integer from 1 to ${LARGEST_EXTENT}`)
  })
  return Object.fromEntries(entries)
}

function fileIn(folder: string, extra: Extra, field: string): string | undefined {
  const value = extra[field]
  if (value === undefined) return undefined
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) {
    const path = resolve(folder, value)
    const way = relative(folder, path)
    if (way !== '' && !way.startsWith('..') && !isAbsolute(way)) return path
  }
  throw notAllowed(field, value, "the path of a file in the model's folder")
}
