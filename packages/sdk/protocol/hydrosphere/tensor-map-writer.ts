import { fieldSize, textSize, varintSize } from '../protobuf/wire-sizes.ts'
import type { WireWriter } from '../protobuf/wire-writer.ts'
import { MAP_NUMBER } from './data-type-names.ts'
import type { HydrosphereGeneration } from './generation.ts'
import type { HydrosphereGroup, HydrosphereValue } from './group.ts'
import { MAP_TAG } from './tensor-reader.ts'
import { planTensor, shapeSize, type TensorPlan, writeHead, writeTensor } from './tensor-writer.ts'

const KEY_TAG = 0x0a
const VALUE_TAG = 0x12
const SUBTENSORS_TAG = 0x0a
/** A tag of two bytes. */
const MAP_TAG_BYTES = 2

/** A `map<string, Tensor>` measured, groups among its tensors. */
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
  readonly value: TensorPlan | GroupPlan
  /** Of the entry, without tag and length. */
  readonly sizeBytes: number
}

/** A tensor message with objects measured. */
interface GroupPlan {
  readonly tensor?: undefined
  readonly group: HydrosphereGroup
  readonly generation: HydrosphereGeneration
  readonly shapeSize: number
  readonly objects: readonly TensorMapPlan[]
  readonly sizeBytes: number
  readonly copiedBytes: number
}

/** @throws ServingError UNIMPLEMENTED for a datatype that the generation cannot carry */
export function planTensorMap(
  values: readonly HydrosphereValue[],
  generation: HydrosphereGeneration,
): TensorMapPlan {
  let sizeBytes = 0
  let copiedBytes = 0
  const entries = values.map(value => {
    const plan = value.datatype === undefined ? planGroup(value, generation) : planTensor(value, generation)
    const nameSize = textSize(value.name)
    const entrySize = fieldSize(nameSize) + fieldSize(plan.sizeBytes)
    sizeBytes += 1 + varintSize(entrySize) + entrySize
    copiedBytes += 1 + varintSize(entrySize) + entrySize - plan.sizeBytes + plan.copiedBytes
    return { name: value.name, nameSize, value: plan, sizeBytes: entrySize }
  })
  return { entries, sizeBytes, copiedBytes }
}

function planGroup(group: HydrosphereGroup, generation: HydrosphereGeneration): GroupPlan {
  const size = shapeSize(group.shape, generation)
  let sizeBytes = 2 + fieldSize(size)
  let copiedBytes = sizeBytes
  const objects = group.objects.map(members => {
    const plan = planTensorMap(members, generation)
    const headSize = MAP_TAG_BYTES + varintSize(plan.sizeBytes)
    sizeBytes += headSize + plan.sizeBytes
    copiedBytes += headSize + plan.copiedBytes
    return plan
  })
  return { group, generation, shapeSize: size, objects, sizeBytes, copiedBytes }
}

/** Writes every entry in the order of the values. */
export function writeTensorMap(writer: WireWriter, tag: number, { entries }: TensorMapPlan): void {
  for (const { name, nameSize, value, sizeBytes } of entries) {
    writer.head(tag, sizeBytes)
    writer.text(KEY_TAG, name, nameSize)
    writer.head(VALUE_TAG, value.sizeBytes)
    if (value.tensor === undefined) writeGroup(writer, value)
    else writeTensor(writer, value)
  }
}

function writeGroup(writer: WireWriter, plan: GroupPlan): void {
  writeHead(writer, MAP_NUMBER, plan.group.shape, plan.shapeSize, plan.generation)
  for (const object of plan.objects) {
    writer.varint(MAP_TAG)
    writer.varint(object.sizeBytes)
    writeTensorMap(writer, SUBTENSORS_TAG, object)
  }
}
