import { randomInt, randomUUID } from 'node:crypto'
import { ADJECTIVES, NOUNS } from './servable-words.ts'

/** Makes names that are not taken. */
export type PickName = (
  model: { readonly modelName: string; readonly version: number },
  isTaken: (name: string) => boolean | Promise<boolean>,
) => Promise<string>

interface NameRandomness {
  /** An integer from 0 up to, and without, `end`. */
  readonly integer: (end: number) => number
  readonly uuid: () => string
}

const TRIES = 4

/** `<model>-<version>-<adjective>-<noun>`, with hyphens for underscores; after four that are taken a UUID ends it. */
export function createNamePicker(
  randomness: NameRandomness = { integer: end => randomInt(end), uuid: () => randomUUID() },
): PickName {
  return async ({ modelName, version }, isTaken) => {
    const stem = `${modelName}-${version}`.replaceAll('_', '-')
    const wordOf = (words: readonly string[]) => words[randomness.integer(words.length)]!
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const name = `${stem}-${wordOf(ADJECTIVES)}-${wordOf(NOUNS)}`
      if (!(await isTaken(name))) return name
    }
    return `${stem}-${randomness.uuid()}`
  }
}
