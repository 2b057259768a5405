import { ELEMENT_SIZE_BYTES, type Tensor, tensorFromBytes } from '@millrace/sdk'
import { countElements, elementTypeName, type ModelBytes, type TensorHead } from './model-proto/index.ts'
import { datatypeOf } from './tensor-types.ts'

/** A default is a threshold or a table of a few numbers; more is a weight. */
const MOST_DEFAULT_BYTES = 64 * 1024

/**
 * The value of an initializer, if it is of numbers, lies in the file as raw bytes, and has at most 64 KiB; undefined for any
 * other, which then stays a constant of the graph.
 */
export function readDefault(bytes: ModelBytes, head: TensorHead): Tensor | undefined {
  const { name, raw, dims, elementType } = head
  const datatype = datatypeOf(elementTypeName(elementType))
  if (raw === undefined || head.external !== undefined) return undefined
  if (datatype === undefined || datatype === 'BYTES' || datatype === 'BF16') return undefined
  const sizeBytes = countElements(dims) * ELEMENT_SIZE_BYTES[datatype]
  if (sizeBytes === 0 || sizeBytes > MOST_DEFAULT_BYTES || sizeBytes !== raw.end - raw.start) return undefined
  const content = new Uint8Array(raw.end - raw.start)
  bytes.copy(raw, content, 0)
  return tensorFromBytes(name, datatype, dims, content)
}
