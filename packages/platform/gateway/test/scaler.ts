import { ServingError, type Tensor } from '@millrace/sdk'
import type { Answer } from './servable-fixture.ts'
import { field, signature } from './table-fixture.ts'

export const SCALER = signature([field('xs', 'DT_DOUBLE', [-1, 2])], [field('total', 'DT_DOUBLE', [])])

/** Adds up what it gets. The number 13 makes it fail. */
export const scale: Answer = ({ inputs }) => {
  let total = 0
  for (const value of inputs[0]!.data) total += Number(value)
  if (total === 13) throw new ServingError('INTERNAL', "RuntimeError('boom')")
  return [double('total', [], total)]
}

export function double(name: string, shape: readonly number[], ...values: number[]): Tensor {
  return { name, datatype: 'FP64', shape, data: Float64Array.from(values) }
}

export const xs = (...values: number[]): Tensor => double('xs', [values.length / 2, 2], ...values)
