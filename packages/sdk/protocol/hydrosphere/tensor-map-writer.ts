import type { Tensor } from '../../tensor/index.ts'
import { fieldSize, textSize, varintSize } from '../protobuf/wire-sizes.ts'
import type { WireWriter } from '../protobuf/wire-writer.ts'
import type { HydrosphereGeneration } from './generation.ts'
import { planTensor, type TensorPlan, writeTensor } from './tensor-writer.ts'

const KEY_TAG = 0x0a
const VALUE_TAG = 0x12

/** A `map<string, Tensor>` measured. */
export interface TensorMapPlan {
  readonly entries: readonly EntryPlan[]
  /** Of the field's occurrences, their tags and lengths included. */
  readonly sizeBytes: number
  /** What of `sizeBytes` is copied; the rest goes by reference. */
  readonly copiedBytes: number
}

interface EntryPlan {
  readonly name: string
  readonly nameSize: number
  readonly tensor: TensorPlan
  /** Of the entry, without tag and length. */
  readonly sizeBytes: number
}

/** @throws ServingError UNIMPLEMENTED for a datatype that the generation cannot carry */
export function planTensorMap(tensors: readonly Tensor[], generation: HydrosphereGeneration): TensorMapPlan {
  let sizeBytes = 0
  let copiedBytes = 0
  const entries = tensors.map(tensor => {
    const plan = planTensor(tensor, generation)
    const nameSize = textSize(tensor.name)
    const entrySize = fieldSize(nameSize) + fieldSize(plan.sizeBytes)
    sizeBytes += 1 + varintSize(entrySize) + entrySize
    copiedBytes += 1 + varintSize(entrySize) + entrySize - plan.sizeBytes + plan.copiedBytes
    return { name: tensor.name, nameSize, tensor: plan, sizeBytes: entrySize }
  })
  return { entries, sizeBytes, copiedBytes }
}

/** Writes every entry in the order of the tensors. */
export function writeTensorMap(writer: WireWriter, tag: number, { entries }: TensorMapPlan): void {
  for (const { name, nameSize, tensor, sizeBytes } of entries) {
    writer.head(tag, sizeBytes)
    writer.text(KEY_TAG, name, nameSize)
    writer.head(VALUE_TAG, tensor.sizeBytes)
    writeTensor(writer, tensor)
  }
}
