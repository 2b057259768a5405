import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type FuzzInput, inputsFromJson, inputsToJson } from './inputs/fuzz-input.ts'

/** Something that must not be, with the inputs that led there. */
export interface Finding {
  readonly phase: string
  readonly seed: number
  /** Number of the input in its phase. */
  readonly index: number
  readonly complaint: string
  /** The input with those before it on its connection, or all that were under way when the server as a whole went wrong. */
  readonly inputs: readonly FuzzInput[]
}

/** Writes a finding into `folder`. @returns the file's path */
export async function saveFinding(finding: Finding, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const path = join(folder, `${finding.phase}-${finding.seed}-${finding.index}.json`)
  await writeFile(path, `${JSON.stringify(inputsToJson(finding), null, 1)}\n`)
  return path
}

export async function loadFinding(path: string): Promise<Finding> {
  return inputsFromJson(JSON.parse(await readFile(path, 'utf8'))) as Finding
}
