import { ServingError } from '../errors/index.ts'
import { textCodec } from './bytes-codecs.ts'
import { conversationCodec } from './conversation-codec.ts'
import { imageCodec } from './image-codec.ts'
import { hgJsonCodec, hgJsonListCodec } from './json-codecs.ts'
import { ndArrayCodec } from './nd-array-codec.ts'
import { ndArrayListCodec } from './nd-array-list-codec.ts'
import { rawCodec } from './raw-codec.ts'
import type { ReadTensor, RequestCodec } from './request-codec.ts'
import type { TensorCodec } from './tensor-codec.ts'

/** Arguments of a call by their names. */
export type KeywordArguments = Readonly<Record<string, unknown>>

/** What may write a member, first to last; the last takes all that JSON has words for. */
const WRITERS: readonly TensorCodec<unknown>[] = [
  textCodec,
  imageCodec,
  conversationCodec,
  ndArrayListCodec,
  ndArrayCodec,
  rawCodec,
  hgJsonListCodec,
  hgJsonCodec,
]

/**
 * `hf`: one value for each tensor, under its name, as a transformers pipeline takes them. A tensor that
 * names no content type is a list of text if it holds bytes, a number or boolean if it has one element,
 * and else an array.
 */
export const keywordCodec: RequestCodec<KeywordArguments> = {
  contentType: 'hf',
  isGeneral: true,
  canEncode: (value): value is KeywordArguments =>
    typeof value === 'object' &&
    value !== null &&
    [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null) &&
    Object.values(value).every(member => writerOf(member) !== undefined),
  encode: value => Object.entries(value).map(([name, member]) => writerOf(member)!.encode(name, member)),
  decode(tensors, side) {
    const values = new Map<string, unknown>()
    for (const read of tensors) {
      const { name } = read.tensor
      if (values.has(name)) {
        throw new ServingError(
          'INVALID_ARGUMENT',
          `${side} '${name}' is given twice, which content type 'hf' cannot tell apart`,
        )
      }
      values.set(name, valueOf(read))
    }
    // Not by assignment: a tensor may be called `__proto__`.
    return Object.fromEntries(values)
  },
}

function valueOf({ tensor, codec, value }: ReadTensor): unknown {
  if (codec !== undefined) return value
  if (tensor.datatype === 'BYTES') return textCodec.decode(tensor)
  return tensor.data.length === 1 ? rawCodec.decode(tensor) : ndArrayCodec.decode(tensor)
}

function writerOf(value: unknown): TensorCodec<unknown> | undefined {
  return WRITERS.find(codec => codec.canEncode(value))
}
