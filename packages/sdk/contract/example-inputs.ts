import { allocateData, BytesArray, elementCount, type Tensor } from '../tensor/index.ts'
import type { TensorSpec } from './contract.ts'

/**
 * Tensors that satisfy a contract: zeros and the text `example`, every free dimension 1.
 * Good for a first try, a warm-up and load generation; not for judging a model.
 */
export function exampleInputs(specs: readonly TensorSpec[]): Tensor[] {
  return specs.map(({ name, datatype, shape }) => {
    const exact = shape.map(extent => (extent === -1 ? 1 : extent))
    const count = elementCount(exact, name)
    const data =
      datatype === 'BYTES'
        ? BytesArray.from(Array.from({ length: count }, () => 'example'))
        : allocateData(datatype, count)
    return { name, datatype, shape: exact, data } as Tensor
  })
}
