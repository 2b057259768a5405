import { dataBytes, type Shape, type Tensor } from '../../tensor/index.ts'

/**
 * A named value of `DT_MAP`: objects in place of elements, each with members that are values themselves. It is there for
 * those who pass messages on; models of the SDK get tensors alone.
 */
export interface HydrosphereGroup {
  readonly name: string
  /** A group has none, which tells it from a tensor. */
  readonly datatype?: undefined
  /** Its product is the number of objects: `[]` for one object by itself. */
  readonly shape: Shape
  readonly objects: readonly (readonly HydrosphereValue[])[]
}

export type HydrosphereValue = Tensor | HydrosphereGroup

/** A request whose inputs may be groups. */
export interface HydrosphereRequest {
  readonly modelName: string
  readonly modelVersion?: string | undefined
  readonly inputs: readonly HydrosphereValue[]
}

/** Declared shapes by name, which values take that come without one. */
export interface HydrosphereShapes {
  /** Of tensors and groups. */
  readonly shapes: ReadonlyMap<string, Shape>
  /** Those of the members, for each group. */
  readonly groups: ReadonlyMap<string, HydrosphereShapes>
}

/** Of all groups of a message together, but for the depth: an object takes three bytes there, and hundreds in memory. */
export const GROUP_LIMITS = {
  /** Groups in each other. */
  depth: 32,
  objects: 20_000,
  members: 100_000,
} as const

/** What a member takes besides its elements, about. */
const MEMBER_BYTES = 256

/** Memory that values take: the elements of tensors, and all of groups. */
export function hydrosphereValueBytes(values: readonly HydrosphereValue[]): number {
  let total = 0
  for (const value of values) {
    if (value.datatype !== undefined) total += dataBytes(value.data).byteLength
    else {
      for (const members of value.objects) {
        total += members.length * MEMBER_BYTES + hydrosphereValueBytes(members)
      }
    }
  }
  return total
}
