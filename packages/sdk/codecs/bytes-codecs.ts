import { ServingError } from '../errors/index.ts'
import { BytesArray, type Shape, type Tensor } from '../tensor/index.ts'
import type { CodecValues, TensorCodec } from './tensor-codec.ts'

/** A codec whose elements are each one element of a `BYTES` tensor. */
interface ElementCodec<T> {
  readonly contentType: string
  /** What an element must be, for messages. */
  readonly meaning: string
  canEncode(element: unknown): boolean
  write(element: T): string | Uint8Array
  /** Throws anything when the bytes are not what they should be. */
  read(element: Uint8Array, text: () => string): T
}

function bytesCodec<T>(codec: ElementCodec<T>): TensorCodec<readonly T[]> {
  return {
    contentType: codec.contentType,
    canEncode: (value): value is readonly T[] =>
      Array.isArray(value) && value.every(element => codec.canEncode(element)),
    encode(name: string, values: readonly T[], shape: Shape = [values.length, 1]): Tensor {
      const data = BytesArray.from(values.map(value => codec.write(value)))
      return { name, datatype: 'BYTES', shape, data, parameters: { content_type: codec.contentType } }
    },
    decode(tensor: Tensor): T[] {
      if (tensor.datatype !== 'BYTES') {
        throw new ServingError(
          'INVALID_ARGUMENT',
          `tensor '${tensor.name}' has datatype ${tensor.datatype}; content type '${codec.contentType}' needs BYTES`,
        )
      }
      const { name, data } = tensor
      return Array.from({ length: data.length }, (_, index) => {
        try {
          return codec.read(data.at(index)!, () => data.textAt(index)!)
        } catch (error) {
          throw new ServingError(
            'INVALID_ARGUMENT',
            `tensor '${name}', element ${index} is not ${codec.meaning}, which content type '${codec.contentType}' needs`,
            { cause: error },
          )
        }
      })
    },
  }
}

/** `str`: UTF-8 text. */
export const textCodec: TensorCodec<CodecValues['str']> = bytesCodec<string>({
  contentType: 'str',
  meaning: 'valid UTF-8 text',
  canEncode: element => typeof element === 'string',
  write: element => element,
  read: (_, text) => text(),
})

/** `base64`: bytes that travel as base64 text (RFC 4648 section 4). */
export const base64Codec: TensorCodec<CodecValues['base64']> = bytesCodec<Uint8Array>({
  contentType: 'base64',
  meaning: 'base64 text',
  canEncode: element => element instanceof Uint8Array,
  write: element => Buffer.from(element.buffer, element.byteOffset, element.byteLength).toString('base64'),
  read(element, text) {
    // MLServer takes bytes that are not base64 as they are; its clients count on that.
    const encoded = isAscii(element) ? text().replace(/\s/g, '') : ''
    return BASE64.test(encoded) && encoded.length % 4 === 0 ? Buffer.from(encoded, 'base64') : element
  },
})

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

function isAscii(bytes: Uint8Array): boolean {
  return bytes.every(byte => byte < 0x80)
}

/** `datetime`: ISO 8601 text; without an offset it is UTC. */
export const datetimeCodec: TensorCodec<CodecValues['datetime']> = bytesCodec<Date>({
  contentType: 'datetime',
  meaning: 'an ISO 8601 date and time',
  canEncode: element => element instanceof Date && !Number.isNaN(element.getTime()),
  write: element => element.toISOString(),
  read(_, text) {
    const parts = ISO_8601.exec(text())
    if (parts === null) throw new RangeError('not ISO 8601')
    const [, day, time = '00:00', offset = 'Z'] = parts
    const date = new Date(`${day}T${time}${offset}`)
    if (Number.isNaN(date.getTime())) throw new RangeError('no such date')
    return date
  },
})

const ISO_8601 = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?$/

/** `pd_json`: each element is a JSON text. */
export const jsonCodec: TensorCodec<CodecValues['pd_json']> = bytesCodec<unknown>({
  contentType: 'pd_json',
  meaning: 'a JSON text',
  canEncode: element => element !== undefined && typeof element !== 'function' && typeof element !== 'symbol',
  write: element => JSON.stringify(element),
  read: (_, text) => JSON.parse(text()) as unknown,
})
