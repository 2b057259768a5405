import { isTypedArray } from 'node:util/types'
import { ServingError } from '../errors/index.ts'
import { createElementCodec, type ElementCodec } from './element-codec.ts'
import type { TensorCodec } from './tensor-codec.ts'

/** `pd_json`: each element is a JSON text. Typed arrays are written as lists. */
export const jsonListCodec: TensorCodec<readonly unknown[]> = listCodec('pd_json')

/** `hg_jsonlist`: `pd_json` under the name that transformers runtimes give it. */
export const hgJsonListCodec: TensorCodec<readonly unknown[]> = {
  ...listCodec('hg_jsonlist'),
  sameValuesAs: 'pd_json',
}

/** `json`: one JSON text in a tensor of one element. */
export const jsonCodec: TensorCodec<unknown> = valueCodec('json')

/** `hg_json`: `json` under the name that transformers runtimes give it. */
export const hgJsonCodec: TensorCodec<unknown> = { ...valueCodec('hg_json'), sameValuesAs: 'json' }

function listCodec(contentType: string): TensorCodec<readonly unknown[]> {
  return { ...createElementCodec(jsonElement(contentType)), isGeneral: true }
}

function valueCodec(contentType: string): TensorCodec<unknown> {
  const element = jsonElement(contentType)
  const list = createElementCodec(element)
  return {
    contentType,
    datatype: 'BYTES',
    isGeneral: true,
    canEncode: (value): value is unknown => element.canEncode(value),
    encode: (name, value, shape = [1]) => list.encode(name, [value], shape),
    decode(tensor) {
      const count = tensor.data.length
      if (count === 1 || tensor.datatype !== 'BYTES') return list.decode(tensor)[0]
      throw new ServingError(
        'INVALID_ARGUMENT',
        `tensor '${tensor.name}' has ${count} elements; content type '${contentType}' needs exactly 1`,
      )
    },
  }
}

function jsonElement(contentType: string): ElementCodec<unknown> {
  return {
    contentType,
    meaning: 'a JSON text',
    canEncode: (element): element is unknown =>
      element !== undefined && !['function', 'symbol', 'bigint'].includes(typeof element),
    write(element) {
      const text: unknown = JSON.stringify(element, listOfNumbers)
      if (typeof text !== 'string') throw new TypeError('JSON has no word for it')
      return text
    },
    read: (_, text) => JSON.parse(text()) as unknown,
  }
}

function listOfNumbers(_key: string, value: unknown): unknown {
  return isTypedArray(value) ? Array.from<unknown>(value) : value
}
