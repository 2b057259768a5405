import { dataBytes, type Tensor, tensorFromBytes } from '@millrace/sdk'

/** Tensors with memory of their own, for what outlives the request that they came with. */
export function copyTensors(tensors: readonly Tensor[]): readonly Tensor[] {
  return tensors.map(({ name, datatype, shape, data }) =>
    tensorFromBytes(name, datatype, shape, new Uint8Array(dataBytes(data))),
  )
}
