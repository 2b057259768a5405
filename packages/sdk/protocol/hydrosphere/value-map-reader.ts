import { inferShape } from '../../contract/index.ts'
import { ServingError } from '../../errors/index.ts'
import { elementCount, formatShape, type Shape } from '../../tensor/index.ts'
import type { WireReader } from '../protobuf/wire-reader.ts'
import type { HydrosphereGeneration } from './generation.ts'
import {
  GROUP_LIMITS,
  type HydrosphereGroup,
  type HydrosphereShapes,
  type HydrosphereValue,
} from './group.ts'
import { readEntry, type TensorPlaces } from './tensor-map-reader.ts'
import { isGroup, MAP_TAG, readHead, readRest, type TensorHead } from './tensor-reader.ts'

/** What one message's groups share. */
interface Reading {
  readonly reader: WireReader
  readonly generation: HydrosphereGeneration
  objects: number
  members: number
}

/**
 * Reads a `map<string, Tensor>` in which a tensor may also be a group: one of `DT_MAP`, or of no type with `map_val`.
 * Of a group without a shape the same holds as of a tensor: a single object stands by itself, several are a list.
 * @throws as `readTensor` does, and INVALID_ARGUMENT beyond {@link GROUP_LIMITS}; members are named by their path
 */
export function readValueMap(
  reader: WireReader,
  places: TensorPlaces,
  generation: HydrosphereGeneration,
  declared: HydrosphereShapes | undefined,
): HydrosphereValue[] {
  const reading = { reader, generation, objects: 0, members: 0 }
  return Array.from(places, ([name, ranges]) => {
    const head = readHead(reader, name, ranges, generation, declared?.shapes.get(name))
    return isGroup(head)
      ? readGroup(reading, name, head, ranges, declared?.groups.get(name), 1)
      : readRest(reader, head, ranges, generation)
  })
}

function readGroup(
  reading: Reading,
  name: string,
  head: TensorHead,
  ranges: readonly number[],
  declared: HydrosphereShapes | undefined,
  depth: number,
): HydrosphereGroup {
  // In messages a member has its path for a name.
  const path = head.name
  if (depth > GROUP_LIMITS.depth) {
    throw invalid(`tensor '${path}' lies deeper than ${GROUP_LIMITS.depth} groups`)
  }
  const found = findObjects(reading, path, ranges)
  const shape = shapeOf(head, found.length)
  const isOne = shape.length === 0
  const objects = found.map((places, index) => {
    const prefix = isOne ? path : `${path}[${index}]`
    return Array.from(places, ([member, memberRanges]): HydrosphereValue => {
      const { reader, generation } = reading
      const pattern = declared?.shapes.get(member)
      const memberHead = readHead(reader, `${prefix}.${member}`, memberRanges, generation, pattern)
      return isGroup(memberHead)
        ? readGroup(reading, member, memberHead, memberRanges, declared?.groups.get(member), depth + 1)
        : { ...readRest(reader, memberHead, memberRanges, generation), name: member }
    })
  })
  return { name, shape, objects }
}

/** Where the members of each object lie. */
function findObjects(reading: Reading, path: string, ranges: readonly number[]): TensorPlaces[] {
  const { reader } = reading
  const objects: TensorPlaces[] = []
  for (let index = 0; index < ranges.length; index += 2) {
    reader.seek(ranges[index]!, ranges[index + 1]!)
    while (reader.offset < reader.limit) {
      const tag = reader.tag()
      if (tag !== MAP_TAG) {
        reader.skip(tag)
        continue
      }
      if (++reading.objects > GROUP_LIMITS.objects) throw beyond('objects', path)
      const places: TensorPlaces = new Map()
      const outer = reader.enter()
      while (reader.offset < reader.limit) {
        const inner = reader.tag()
        if (inner === 0x0a) readEntry(reader, places)
        else reader.skip(inner)
      }
      reader.limit = outer
      reading.members += places.size
      if (reading.members > GROUP_LIMITS.members) throw beyond('members', path)
      objects.push(places)
    }
  }
  return objects
}

function shapeOf({ name, shape, pattern }: TensorHead, count: number): Shape {
  if (shape === undefined) {
    if (pattern === undefined) return count === 1 ? [] : [count]
    return inferShape(pattern, count, name)
  }
  const free = shape.filter(extent => extent === -1).length
  if (free === 1) return inferShape(shape, count, name)
  if (free === 0 && elementCount(shape, name) === count) return shape
  throw invalid(
    `tensor '${name}' has ${count} of map_val, which is not what its shape ${formatShape(shape)} says`,
  )
}

function beyond(what: 'objects' | 'members', path: string): ServingError {
  const limit = GROUP_LIMITS[what]
  return invalid(`the groups of the message have more than ${limit} ${what}, the last of them in '${path}'`)
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
