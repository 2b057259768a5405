import { isAbsolute } from 'node:path'
import { ServingError } from '@millrace/sdk'
import type { ServableSpec } from './deploy-driver.ts'

/** The name is that of a file too. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/
const MAX_REPLICAS = 100

/** @throws ServingError INVALID_ARGUMENT naming field, value and what is allowed */
export function checkSpec({ name, modelFolder, replicas, environment, limits, runtime }: ServableSpec): void {
  if (!NAME.test(name)) {
    throw invalid(
      'name',
      name,
      'up to 200 letters, digits, dots, hyphens and underscores, the first of them a letter or digit',
    )
  }
  if (!isAbsolute(modelFolder) || modelFolder.includes('\0')) {
    throw invalid('modelFolder', modelFolder, 'an absolute path')
  }
  if (!Number.isInteger(replicas) || replicas < 1 || replicas > MAX_REPLICAS) {
    throw invalid('replicas', replicas, `a whole number from 1 to ${MAX_REPLICAS}`)
  }
  for (const [variable, value] of Object.entries(environment)) {
    if (variable === '' || /[=\0]/.test(variable)) {
      throw invalid('environment', variable, 'names without = and NUL')
    }
    if (value.includes('\0')) throw invalid(`environment.${variable}`, value, 'text without NUL')
  }
  for (const [limit, value] of Object.entries(limits)) {
    if (value !== undefined && !(value > 0)) throw invalid(`limits.${limit}`, value, 'above 0')
  }
  if (
    runtime.kind === 'program' &&
    (!runtime.command[0] || runtime.command.some(word => word.includes('\0')))
  ) {
    throw invalid('runtime.command', runtime.command, 'a program and its arguments, without NUL')
  }
}

function invalid(field: string, value: unknown, allowed: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', `${field} is ${JSON.stringify(value)}; it must be ${allowed}`)
}
