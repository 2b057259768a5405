import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { readTextFile } from './json-file.ts'
import type { Variables } from './variables-source.ts'

/** The variables of `.env` in a folder; none if there is no such file. */
export async function readDotenv(folder: string): Promise<Variables> {
  const text = await readTextFile(join(folder, '.env'))
  return text === undefined ? {} : parseEnv(text)
}
