import { ServingError } from '../errors/index.ts'
import { type Shape, type Tensor, toTensor } from '../tensor/index.ts'
import type { TensorCodec } from './tensor-codec.ts'

/** How one value becomes one element of a `BYTES` tensor, and back. */
export interface ElementCodec<T> {
  readonly contentType: string
  /** What an element must be, for messages: `base64 text`. */
  readonly meaning: string
  canEncode(element: unknown): element is T
  /** Throws anything when the value cannot be written. */
  write(element: T): string
  /** Throws anything when the bytes are not what they should be. */
  read(element: Uint8Array, text: () => string): T
}

/** A codec whose values are each one element of a `BYTES` tensor. */
export function createElementCodec<T>(codec: ElementCodec<T>): TensorCodec<readonly T[]> {
  const { contentType, meaning } = codec

  /** Says which element failed; the codec's own error says why, to the log only. */
  const each = <V>(count: number, name: string, verb: string, convert: (index: number) => V): V[] =>
    Array.from({ length: count }, (_, index) => {
      try {
        return convert(index)
      } catch (error) {
        throw new ServingError(
          'INVALID_ARGUMENT',
          `tensor '${name}', element ${index} ${verb} ${meaning}, which content type '${contentType}' needs`,
          { cause: error },
        )
      }
    })

  return {
    contentType,
    datatype: 'BYTES',
    canEncode: (value): value is readonly T[] =>
      Array.isArray(value) && value.every(element => codec.canEncode(element)),
    encode(name: string, values: readonly T[], shape: Shape = [values.length, 1]): Tensor {
      const data = each(values.length, name, 'cannot be written as', index => codec.write(values[index]!))
      return toTensor({ name, datatype: 'BYTES', shape, data, parameters: { content_type: contentType } })
    },
    decode({ name, datatype, data }: Tensor): T[] {
      if (datatype !== 'BYTES') {
        throw new ServingError(
          'INVALID_ARGUMENT',
          `tensor '${name}' has datatype ${datatype}; content type '${contentType}' needs BYTES`,
        )
      }
      return each(data.length, name, 'is not', index =>
        codec.read(data.at(index)!, () => data.textAt(index)!),
      )
    },
  }
}
