import { BytesArray, bf16ToFloat32, type NumericData, type Shape, type Tensor } from '@millrace/sdk'

/** The beginning of a tensor, in memory of its own. */
export interface KeptTensor {
  readonly name: string
  readonly datatype: Tensor['datatype']
  readonly shape: Shape
  /** Elements of the whole tensor. */
  readonly count: number
  /** The first of them; texts are cut. */
  readonly data: NumericData | readonly string[]
  readonly sizeBytes: number
}

interface KeepLimits {
  readonly maxCheckedValues: number
  readonly maxKeptValues: number
  readonly maxTextBytes: number
}

/** A value as a document shows it. */
export type PlainValue = number | boolean | string | null

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
/** Besides the values. */
const OVERHEAD_BYTES = 128

/**
 * Copies: what a request came with is not monitoring's to hold on to.
 * @param budgetBytes of values; what does not fit is left out
 */
export function keepTensor(tensor: Tensor, limits: KeepLimits, budgetBytes: number): KeptTensor {
  const { name, datatype, shape, data } = tensor
  const count = data.length
  if (BytesArray.is(data)) {
    const texts: string[] = []
    let sizeBytes = overheadOf(tensor)
    for (let index = 0; index < count && index < limits.maxKeptValues && sizeBytes < budgetBytes; index++) {
      const text = keptText(data.at(index)!, limits.maxTextBytes)
      texts.push(text)
      sizeBytes += 2 * text.length + 16
    }
    return { name, datatype, shape, count, data: texts, sizeBytes }
  }
  const room = Math.max(0, Math.floor(budgetBytes / data.BYTES_PER_ELEMENT))
  const kept = data.slice(0, Math.min(room, limits.maxCheckedValues))
  return { name, datatype, shape, count, data: kept, sizeBytes: overheadOf(tensor) + kept.byteLength }
}

function overheadOf({ name, shape }: Tensor): number {
  return OVERHEAD_BYTES + 2 * name.length + 8 * shape.length
}

function keptText(bytes: Uint8Array, maxBytes: number): string {
  if (bytes.length <= maxBytes) return decoder.decode(bytes)
  return `${decoder.decode(bytes.subarray(0, maxBytes))} … (${bytes.length} bytes)`
}

/** The values that are numbers; nothing for text. */
export function numbersOf({ datatype, data }: KeptTensor): ArrayLike<number> {
  if (isTexts(data)) return []
  if (datatype === 'BF16') return bf16ToFloat32(data as Uint16Array)
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Array.from(data, Number)
  return data
}

/** The engine's way to write digits that no number holds. */
const { rawJSON } = JSON as unknown as { readonly rawJSON: (digits: string) => number }

/** The first values for JSON; of 64 bits with all their digits, and of 32 without digits that they do not have. */
export function plainValues(tensor: KeptTensor, count: number): readonly PlainValue[] {
  const { datatype, data } = tensor
  if (isTexts(data)) return data.slice(0, count)
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    return Array.from(data.subarray(0, count), value => {
      const number = Number(value)
      return Number.isSafeInteger(number) ? number : rawJSON(value.toString())
    })
  }
  const numbers = Array.from(numbersOf({ ...tensor, data: data.subarray(0, count) }))
  if (datatype === 'BOOL') return numbers.map(value => value !== 0)
  if (datatype === 'FP64') return numbers
  return numbers.map(shortened)
}

/** The shortest number that is the same to 32 bits. */
function shortened(value: number): number {
  if (Number.isInteger(value) || !Number.isFinite(value)) return value
  for (const digits of [6, 7, 8]) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return short
  }
  return Number(value.toPrecision(9))
}

function isTexts(data: KeptTensor['data']): data is readonly string[] {
  return Array.isArray(data)
}
