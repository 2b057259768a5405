import { readAnyNumbers } from './any-number-reader.ts'
import { readFractions } from './fraction-reader.ts'
import type { JsonReader } from './json-reader.ts'

const COMMA = 0x2c

/** How many numbers are at most read before another look at what form they have. */
const MAX_RUN = 256
const RUN_GROWTH = 4

/**
 * Reads the number or `null` at the cursor, and those that follow it after commas, into `into`, up
 * to `limit` of them. `null` becomes NaN. Leaves the cursor behind the last one: before a comma that
 * is followed by anything else, or by more numbers than asked for.
 *
 * Each number is rounded once to the nearest double, exactly as `JSON.parse` does.
 *
 * The numbers of a tensor look alike, so one loop reads those of the most frequent form, and another those
 * of any form, the more of them the less often the first one finds its own.
 * @param isSingle whether the numbers are to become float32; then a double may also be another than the
 *   nearest, if both round to the same float32
 * @returns how many were read; 0 when something else is at the cursor
 */
export function readNumbers(
  reader: JsonReader,
  into: Float64Array,
  limit: number,
  isSingle: boolean,
): number {
  let count = 0
  let run = 1
  let behindLast = reader.position
  for (;;) {
    let read = readFractions(reader, into, count, limit, isSingle)
    if (read > count) run = 1
    else {
      read = readAnyNumbers(reader, into, count, Math.min(limit, count + run), isSingle)
      run = Math.min(RUN_GROWTH * run, MAX_RUN)
    }
    if (read > count) behindLast = reader.position
    if (read === count || read === limit || !stepOverComma(reader)) {
      reader.position = behindLast
      return read
    }
    count = read
  }
}

/** Moves behind the comma and to what follows it; false if there is no comma. */
function stepOverComma(reader: JsonReader): boolean {
  if (reader.next() !== COMMA) return false
  reader.position++
  reader.next()
  return true
}
