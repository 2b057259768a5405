import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join, resolve } from 'node:path'
import { ServingError } from '@millrace/sdk'

/**
 * Where a program lies: a path, relative to `folder`; or a bare name, on the `PATH`.
 *
 * Rejects NOT_FOUND for one that is not there or may not be run.
 */
export async function findProgram(
  program: string,
  { folder, path }: { readonly folder: string; readonly path: string },
): Promise<string> {
  const candidates = program.includes('/')
    ? [isAbsolute(program) ? program : resolve(folder, program)]
    : path
        .split(delimiter)
        .filter(isAbsolute)
        .map(entry => join(entry, program))
  for (const candidate of candidates) {
    if (await isProgram(candidate)) return candidate
  }
  const where = program.includes('/')
    ? `is no program that may be run (${candidates[0]})`
    : 'is not on the PATH'
  throw new ServingError('NOT_FOUND', `'${program}' ${where}`)
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}
