import { isObject, notAllowed, quoted } from './option-error.ts'

const FIELD = 'session_config'
const LONGEST_VALUE = 256

/** ONNX Runtime takes any key and passes over those it does not know; those that write files or load something are left out. */
const KEYS = [
  'mlas.disable_kleidiai',
  'mlas.use_lut_gemm',
  'optimization.disable_specified_optimizers',
  'optimization.enable_cast_chain_elimination',
  'optimization.enable_gelu_approximation',
  'session.allow_released_opsets_only',
  'session.disable_aot_function_inlining',
  'session.disable_cpu_ep_fallback',
  'session.disable_double_qdq_remover',
  'session.disable_prepacking',
  'session.disable_qdq_constant_folding',
  'session.disable_quant_qdq',
  'session.dynamic_block_base',
  'session.enable_dq_matmulnbits_fusion',
  'session.enable_quant_qdq_cleanup',
  'session.force_spinning_stop',
  'session.graph_optimizations_loop_level',
  'session.inter_op.allow_spinning',
  'session.intra_op.allow_spinning',
  'session.intra_op_thread_affinities',
  'session.qdq_matmulnbits_accuracy_level',
  'session.qdqisint8allowed',
  'session.set_denormal_as_zero',
  'session.strict_shape_type_inference',
  'session.use_deterministic_compute',
  'session.use_device_allocator_for_initializers',
  'session.x64quantprecision',
]

/**
 * Entries of a session's configuration under ONNX Runtime's own names: texts, numbers, and true and false for 1 and 0.
 * @throws ServingError INVALID_ARGUMENT
 */
export function readSessionConfig(value: unknown): Readonly<Record<string, string>> | undefined {
  if (value === undefined) return undefined
  if (!isObject(value)) throw notAllowed(FIELD, value, 'an object of values by the name of an entry')
  const entries = Object.entries(value).map(([key, entry]) => {
    if (!KEYS.includes(key)) throw notAllowed(`${FIELD}.${key}`, entry, `for ${quoted(KEYS)}`)
    return [key, readEntry(key, entry)] as const
  })
  return Object.fromEntries(entries)
}

function readEntry(key: string, value: unknown): string {
  if (typeof value === 'boolean') return value ? '1' : '0'
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  if (typeof value === 'string' && value.length <= LONGEST_VALUE) return value
  throw notAllowed(
    `${FIELD}.${key}`,
    value,
    `a number, true, false, or a text of up to ${LONGEST_VALUE} characters`,
  )
}
