import type { Profile } from '../../contract/index.ts'

/** The numbers of the enum `DataProfileType`. */
export const PROFILE_NUMBERS: Readonly<Record<Profile, number>> = {
  NONE: 0,
  CATEGORICAL: 1,
  NUMERICAL: 2,
  IMAGE: 3,
  VIDEO: 4,
  AUDIO: 5,
  TEXT: 6,
  NOMINAL: 11,
  ORDINAL: 12,
  CONTINUOUS: 21,
  INTERVAL: 22,
  RATIO: 23,
}

/** Undefined for a number that the enum does not have. */
export function profileOf(number: number): Profile | undefined {
  return (Object.keys(PROFILE_NUMBERS) as Profile[]).find(profile => PROFILE_NUMBERS[profile] === number)
}
