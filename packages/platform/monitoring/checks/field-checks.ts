import type { PassedCount } from '../../store/index.ts'
import { type KeptTensor, numbersOf } from '../records/kept-tensor.ts'
import type { TrainingRange } from './training-ranges.ts'

/** One check as documents show it. */
export interface CheckView {
  readonly check: boolean
  readonly description: string
  readonly threshold: number
  readonly value: number | null
  readonly metricSpecId: string | null
}

/** What became of all checks of a field. */
export interface FieldChecks extends PassedCount {
  /** Failed ones first when there are too many. */
  readonly shown: readonly CheckView[]
  /** How many of them are not shown. */
  readonly leftOutCount: number
}

/**
 * Holds every value of a field against the least and the greatest of its component in training. A field may have several
 * rows, whose components are the same.
 */
export function checkField(
  tensor: KeptTensor,
  ranges: readonly (TrainingRange | undefined)[],
  maxShown: number,
): FieldChecks {
  const values = numbersOf(tensor)
  const failed: CheckView[] = []
  const passed: CheckView[] = []
  let checked = 0
  let passedCount = 0
  const isScalar = ranges.length === 1 && values.length === 1
  const note = (index: number, check: boolean, sign: '<= max' | '>= min', threshold: number) => {
    checked++
    if (check) passedCount++
    const list = check ? passed : failed
    if (list.length >= maxShown) return
    const value = values[index]!
    list.push({
      check,
      description: isScalar ? sign : `${tensor.name}_${index} ${sign}`,
      threshold,
      value: Number.isFinite(value) ? value : null,
      metricSpecId: null,
    })
  }
  for (let index = 0; index < values.length; index++) {
    const range = ranges[index % ranges.length]
    if (range === undefined) continue
    note(index, values[index]! <= range.max, '<= max', range.max)
    note(index, values[index]! >= range.min, '>= min', range.min)
  }
  const shown = [...failed, ...passed].slice(0, maxShown)
  return { checked, passed: passedCount, shown, leftOutCount: checked - shown.length }
}
