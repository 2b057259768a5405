import { type InferenceSession, listSupportedBackends } from 'onnxruntime-node'
import { isObject, notAllowed, quoted } from './option-error.ts'

const FIELD = 'execution_providers'
const MOST_PROVIDERS = 16

/** An option of an execution provider: ONNX Runtime's name for it, and what it may be. */
interface ProviderOption {
  readonly name: string
  readonly allowed: string
  isAllowed(value: unknown): boolean
}

const DEVICE = count('deviceId')
const CACHE_MODES = ['disabled', 'lazyRelease', 'simple', 'bucket']
/** By provider and the option's name in settings. Those that name a library to load are left out on purpose. */
const OPTIONS: Readonly<Record<string, Readonly<Record<string, ProviderOption>>>> = {
  cpu: { use_arena: truth('useArena') },
  cuda: { device_id: DEVICE },
  tensorrt: { device_id: DEVICE },
  dml: { device_id: DEVICE },
  coreml: { flags: count('coreMlFlags') },
  qnn: {
    backend_type: oneOf('backendType', ['cpu', 'gpu', 'htp', 'saver']),
    enable_fp16_precision: truth('enableFp16Precision'),
  },
  webgpu: {
    preferred_layout: oneOf('preferredLayout', ['NCHW', 'NHWC']),
    validation_mode: oneOf('validationMode', ['disabled', 'wgpuOnly', 'basic', 'full']),
    enable_robustness: truth('enableRobustness'),
    storage_buffer_cache_mode: oneOf('storageBufferCacheMode', CACHE_MODES),
    uniform_buffer_cache_mode: oneOf('uniformBufferCacheMode', CACHE_MODES),
    query_resolve_buffer_cache_mode: oneOf('queryResolveBufferCacheMode', CACHE_MODES),
    default_buffer_cache_mode: oneOf('defaultBufferCacheMode', CACHE_MODES),
  },
}

/**
 * What to run on, best first: names, or objects with a `name` and that provider's options.
 * @throws ServingError INVALID_ARGUMENT naming what is wrong and what this machine's ONNX Runtime was built with
 */
export function readProviders(value: unknown): readonly InferenceSession.ExecutionProviderConfig[] {
  const known = listSupportedBackends().map(({ name }) => name)
  const allowed = `a list of at least one of ${quoted(known)}, or of objects with such a "name" and its options`
  if (!Array.isArray(value) || value.length === 0 || value.length > MOST_PROVIDERS)
    throw notAllowed(FIELD, value, allowed)
  const names = new Set<string>()
  return value.map((entry: unknown) => {
    const name = isObject(entry) ? entry.name : entry
    // ONNX Runtime would drop an unknown one and go on with the rest.
    if (typeof name !== 'string' || !known.includes(name) || names.has(name))
      throw notAllowed(FIELD, value, `${allowed}, each once`)
    names.add(name)
    return isObject(entry) ? readProvider(name, entry) : name
  })
}

/** The providers of a list that are part of this installation; others need libraries that an operator adds. */
export function bundledProviders(): readonly string[] {
  return listSupportedBackends().flatMap(({ name, bundled }) => (bundled ? name : []))
}

function readProvider(
  name: string,
  entry: Readonly<Record<string, unknown>>,
): InferenceSession.ExecutionProviderOption {
  const known = OPTIONS[name] ?? {}
  const options: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(entry)) {
    if (key === 'name') continue
    const option = Object.hasOwn(known, key) ? known[key] : undefined
    if (option === undefined)
      throw notAllowed(`${FIELD}.${name}.${key}`, value, quoted(Object.keys(known)) || 'no option at all')
    if (!option.isAllowed(value)) throw notAllowed(`${FIELD}.${name}.${key}`, value, option.allowed)
    options[option.name] = value
  }
  return { ...options, name }
}

function truth(name: string): ProviderOption {
  return { name, allowed: 'true or false', isAllowed: value => typeof value === 'boolean' }
}

function count(name: string): ProviderOption {
  return { name, allowed: 'an integer from 0 to 65535', isAllowed: isCount }
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffff
}

function oneOf(name: string, values: readonly string[]): ProviderOption {
  return {
    name,
    allowed: `one of ${quoted(values)}`,
    isAllowed: value => values.some(other => other === value),
  }
}
