import type { Datatype, Shape, Tensor } from '../tensor/index.ts'

/**
 * Gives the bytes of a tensor their meaning. A content type names a codec in a contract, in model
 * settings and in the `content_type` parameter of a request, with MLServer's words.
 */
export interface TensorCodec<T> {
  readonly contentType: string
  /** The datatype of every tensor it reads and writes; absent if it takes several. */
  readonly datatype?: Datatype
  /** True if `value` is something this codec writes. */
  canEncode(value: unknown): value is T
  /**
   * @param shape the tensor's shape; default `[n, 1]` for n values, as MLServer writes it
   * @throws ServingError INVALID_ARGUMENT when a value cannot be written, or does not fill `shape`
   */
  encode(name: string, value: T, shape?: Shape): Tensor
  /** @throws ServingError INVALID_ARGUMENT naming the tensor and the element that cannot be read. */
  decode(tensor: Tensor): T
}

/** The values of the built-in codecs; a package that registers its own extends this interface. */
export interface CodecValues {
  str: readonly string[]
  base64: readonly Uint8Array[]
  datetime: readonly Date[]
  pd_json: readonly unknown[]
}

export type ContentType = keyof CodecValues
