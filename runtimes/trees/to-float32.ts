import { bf16ToFloat32, type Tensor } from '@millrace/sdk'

/** The numbers of a tensor in float32, as both libraries convert what they are given: FP32 where it lies, else a copy. */
export function toFloat32(tensor: Exclude<Tensor, { datatype: 'BYTES' }>): Float32Array {
  switch (tensor.datatype) {
    case 'FP32':
      return tensor.data
    case 'BF16':
      return bf16ToFloat32(tensor.data)
    case 'INT64':
    case 'UINT64':
      return Float32Array.from(tensor.data, Number)
    default:
      return new Float32Array(tensor.data)
  }
}
