import { BytesArray, bf16ToFloat32, type Datatype, type NumericData } from '@millrace/sdk'
import type { FieldProfile } from './field-profile.ts'
import { COMPONENTS_MAX } from './profiled-fields.ts'

/** A tensor, or the beginning of one that somebody has kept. */
export interface ObservedTensor {
  readonly name: string
  readonly datatype: Datatype
  readonly data: NumericData | BytesArray | readonly string[]
}

/** Texts should be UTF-8; what is not is shown as such, and profiled as that. */
const decoder = new TextDecoder()

/**
 * Adds the values of a tensor to the profile of its field, from one element up to another: a row after the other, each
 * value to its component. Does nothing for a tensor of the other kind.
 *
 * @param componentCount how many values a row has; values from COMPONENTS_MAX on are left out
 */
export function observeTensor(
  profile: FieldProfile,
  { datatype, data }: ObservedTensor,
  componentCount: number,
  from: number,
  to: number,
): void {
  if (BytesArray.is(data) || isTexts(data)) {
    if (profile.kind !== 'text') return
    for (let at = from; at < to; at++) {
      const component = at % componentCount
      if (component >= COMPONENTS_MAX) continue
      profile.text(component).add(isTexts(data) ? data[at]! : decoder.decode(data.at(at)))
    }
    return
  }
  if (profile.kind !== 'numerical') return
  const part = data.subarray(from, to)
  const values = datatype === 'BF16' ? bf16ToFloat32(part as Uint16Array) : part
  for (let index = 0; index < values.length; index++) {
    const component = (from + index) % componentCount
    if (component < COMPONENTS_MAX) profile.numerical(component).add(Number(values[index]))
  }
}

export function observedBytes({ data }: ObservedTensor): number {
  if (isTexts(data)) return data.reduce((sum, text) => sum + 2 * text.length, 0)
  return BytesArray.is(data) ? data.packed().byteLength : data.byteLength
}

function isTexts(data: ObservedTensor['data']): data is readonly string[] {
  return Array.isArray(data)
}
