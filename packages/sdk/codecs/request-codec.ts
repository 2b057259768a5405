import type { Tensor } from '../tensor/index.ts'
import type { TensorCodec } from './tensor-codec.ts'

/** One tensor of a request or response, and what it means on its own. */
export interface ReadTensor {
  readonly tensor: Tensor
  /** That of the content type which the client or the model's metadata gave this tensor, if it is a known one. */
  readonly codec: TensorCodec<unknown> | undefined
  /** What that codec read; the tensor itself without one. */
  readonly value: unknown
}

/** Whether tensors go to a model or come from it; tensors without names of their own are called by it. */
export type TensorSide = 'input' | 'output'

/**
 * Gives all tensors of a message one value together. The same codec serves requests and responses, on
 * both sides of the wire: see `decodeRequest`, `encodeResponse`, `encodeRequest` and `decodeResponse`.
 */
export interface RequestCodec<T, E = T> {
  readonly contentType: string
  /** The content type whose values are of the same kind, if it has another name for them. */
  readonly sameValuesAs?: string
  /** True if it takes nearly any value, so that it must be named and is never found by a value alone. */
  readonly isGeneral?: boolean
  /** True if `value` is something this codec writes. */
  canEncode(value: unknown): value is E
  /** @throws ServingError INVALID_ARGUMENT when the value cannot be written */
  encode(value: E, side: TensorSide): readonly Tensor[]
  /** @throws ServingError INVALID_ARGUMENT when the tensors have no such value together */
  decode(tensors: readonly ReadTensor[], side: TensorSide): T
}
