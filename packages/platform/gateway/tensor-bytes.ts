import { dataBytes, type Tensor } from '@millrace/sdk'

/** Memory that the elements of tensors take. */
export function tensorBytes(tensors: readonly Tensor[]): number {
  let total = 0
  for (const { data } of tensors) total += dataBytes(data).byteLength
  return total
}
