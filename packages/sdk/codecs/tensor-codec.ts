import type { Datatype, Shape, Tensor } from '../tensor/index.ts'

/**
 * Gives the bytes of a tensor their meaning. A content type names a codec in a contract, in model
 * settings and in the `content_type` parameter of a request, with MLServer's words.
 *
 * `E` is what it writes where that is more than what it reads: lists of numbers for an array.
 */
export interface TensorCodec<T, E = T> {
  readonly contentType: string
  /** The datatype of every tensor it reads and writes; absent if it takes several. */
  readonly datatype?: Datatype
  /**
   * The content type whose values are of the same kind, if it has another name for them. Where a model
   * reads one of the two, a client may name either.
   */
  readonly sameValuesAs?: string
  /** True if it takes nearly any value, so that it must be named and is never found by a value alone. */
  readonly isGeneral?: boolean
  /** True if `value` is something this codec writes. */
  canEncode(value: unknown): value is E
  /**
   * @param shape the tensor's shape; default `[n, 1]` for n values, as MLServer writes it
   * @param datatype of values that have none of their own, such as a list of numbers
   * @throws ServingError INVALID_ARGUMENT when a value cannot be written, or does not fill `shape`
   */
  encode(name: string, value: E, shape?: Shape, datatype?: Datatype): Tensor
  /** @throws ServingError INVALID_ARGUMENT naming the tensor and the element that cannot be read. */
  decode(tensor: Tensor): T
}
