/** Whole numbers of 4 bytes: 1 MiB. */
export const WEIGHT_COUNT = 262_144
export const WEIGHT_BYTES = 4 * WEIGHT_COUNT

const MULTIPLIER = 0x9e3779b1

/** What all weights of a model come from: FNV-1a of its name. */
export function seedOf(name: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < name.length; index++) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193)
  }
  return hash | 0
}

/** One weight by its place, which nobody can tell without the model's name. */
export function weightOf(seed: number, index: number): number {
  let value = Math.imul(seed ^ Math.imul(index + 1, MULTIPLIER), 0x85ebca6b)
  value ^= value >>> 15
  return Math.imul(value, 0xc2b2ae35) ^ (value >>> 13)
}
