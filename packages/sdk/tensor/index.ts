export { BytesArray } from './bytes-array.ts'
export {
  allocateData,
  DATATYPES,
  type DataByDatatype,
  type Datatype,
  dataBytes,
  ELEMENT_SIZE_BYTES,
  isDataOf,
  isDatatype,
  type NumericData,
  type NumericDatatype,
  type TensorData,
  viewData,
} from './datatype.ts'
export { describeValue } from './describe-value.ts'
export { allowedValues, BIG_INTEGER_RANGE, INTEGER_RANGE } from './element-values.ts'
export { bf16ToFloat32, float32ToBf16 } from './half-floats.ts'
export { elementCount, formatShape, type Shape } from './shape.ts'
export {
  countMismatch,
  type DataLike,
  type Parameters,
  type ParameterValue,
  type Tensor,
  type TensorLike,
  tensorFromBytes,
  toTensor,
} from './tensor.ts'
